import { messageOf, SyncError } from '../../lib/errors.ts';
import { isFailure } from '../../registry/kubernetes-failure.ts';
import type { Check, DoctorGround } from './check.ts';
import { findingsOf, type DoctorFinding } from './finding.ts';
import type { KubernetesPort } from '../../compose/doctor-ports.ts';

const { ok, error } = findingsOf('kubernetes');

/** The API server answers and gives every right that the controller needs. */
export const kubernetesCheck: Check = {
  name: 'kubernetes',
  perNode: false,
  run: async (ground) => {
    const { kubernetes } = ground.ports;
    if (kubernetes === undefined) return [];
    const server = ground.registries.source.location;
    try {
      const version = await kubernetes.version(ground.signal);
      return [ok(server, `answers (${version})`), ...(await rights(kubernetes, ground))];
    } catch (failure) {
      // A server that refuses us is up: to look at it would mend nothing.
      if (isFailure(failure, 'unauthorised', 'forbidden'))
        return [
          error(server, `refuses our login: ${failure.message}`, failure.remedy ?? 'kubectl config view'),
        ];
      // A kubeconfig that cannot be used is no server that is down.
      if (failure instanceof SyncError && failure.exit === 'config')
        return [error(server, messageOf(failure), failure.remedy ?? 'syncctl help doctor')];
      return [error(server, `does not answer: ${messageOf(failure)}`, await remedy(failure, ground))];
    }
  },
};

async function rights(
  kubernetes: KubernetesPort,
  { signal, registries, snapshot }: DoctorGround,
): Promise<readonly DoctorFinding[]> {
  const all = await kubernetes.rights(snapshot?.nodes.size ?? 0, signal);
  const missing = all.filter(({ allowed }) => !allowed);
  if (missing.length === 0) return [ok(registries.source.location, 'gives every right')];
  return missing.map(({ verb, resource, name }) =>
    error(
      name ?? resource,
      `the right to ${verb} ${resource}${name === undefined ? '' : ` ${name}`} is missing`,
      'kubectl apply -f deploy/rbac.yaml',
    ),
  );
}

const byHand = 'kubectl cluster-info; check --kubeconfig and --context';

async function remedy(failure: unknown, { host, signal }: DoctorGround): Promise<string> {
  // Who answers there is not the server that the kubeconfig means.
  if (/certificate/iu.test(messageOf(failure))) return byHand;
  const k3s = await host.exec('systemctl', ['show', '-p', 'ActiveState,LoadState', 'k3s'], signal);
  // systemd calls a unit that does not exist inactive, too.
  return k3s?.stdout.includes('LoadState=loaded') === true && !k3s.stdout.includes('ActiveState=active')
    ? 'sudo systemctl restart k3s'
    : byHand;
}
