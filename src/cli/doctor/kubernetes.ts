import { messageOf } from '../../lib/errors.ts';
import type { Check, DoctorGround } from './check.ts';
import { findingsOf, type DoctorFinding } from './finding.ts';
import type { KubernetesPort } from './ports.ts';

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
      return [error(server, `does not answer: ${messageOf(failure)}`, await remedy(ground))];
    }
  },
};

async function rights(
  kubernetes: KubernetesPort,
  { signal, registries }: DoctorGround,
): Promise<readonly DoctorFinding[]> {
  const all = await kubernetes.rights(signal);
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

async function remedy({ host, signal }: DoctorGround): Promise<string> {
  const k3s = await host.exec('systemctl', ['is-active', 'k3s'], signal);
  return k3s !== undefined && k3s.stdout.trim() !== 'active' && k3s.stdout.trim() !== 'unknown'
    ? 'sudo systemctl restart k3s'
    : 'kubectl cluster-info; check --kubeconfig and --context';
}
