// A real API server, real nodes, and a controller that has the service account of deploy/rbac.yaml and nothing else.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { connectKube, type ApiAnswer, type KubeApi } from '../servers/kube-api.ts';
import { startKube, type KubeServer } from '../servers/kube.ts';
import { fileOn, initialObjects, startRig, until, type Rig } from './rig.ts';

const nodes = [
  { type: 'management_laptops', name: 'laptop' },
  { type: 'worker_nodes', name: 'wa' },
  { type: 'worker_nodes', name: 'wb' },
] as const;
const rbac = '/apis/rbac.authorization.k8s.io/v1';
const folders: Readonly<Record<string, string>> = {
  ServiceAccount: '/api/v1/namespaces/kube-system/serviceaccounts',
  Role: `${rbac}/namespaces/kube-system/roles`,
  RoleBinding: `${rbac}/namespaces/kube-system/rolebindings`,
  ClusterRole: `${rbac}/clusterroles`,
  ClusterRoleBinding: `${rbac}/clusterrolebindings`,
};

/** Where the registries and our own objects are. */
export const maps = '/api/v1/namespaces/kube-system/configmaps';

interface Rule {
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}
interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly rules?: readonly Rule[];
}

/** The documents of deploy/rbac.yaml. */
export const manifests = parseAllDocuments(
  readFileSync(new URL('../../deploy/rbac.yaml', import.meta.url), 'utf8'),
).map((document) => document.toJS() as Manifest);

/** The path of one of them on the API server. */
export function pathOf({ kind, metadata }: Manifest): string {
  return `${folders[kind] ?? kind}/${metadata.name}`;
}

export interface RbacRig {
  readonly rig: Rig;
  readonly kube: KubeServer;
  readonly admin: KubeApi;
  /** The API with the controller's own token. */
  readonly account: KubeApi;
  /** `kubectl apply -f deploy/rbac.yaml`. */
  apply(query?: string): Promise<readonly ApiAnswer[]>;
  /** Takes verbs on one object away, as an admin who trims the role. */
  trim(name: string, verbs: readonly string[]): Promise<void>;
  add(service: string): Promise<void>;
  everywhere(service: string): Promise<void>;
  stop(): Promise<void>;
}

export async function startRbacRig(settings: string): Promise<RbacRig> {
  const kube = await startKube();
  const admin = await connectKube(kube.kubeconfig);
  const apply = (query = ''): Promise<readonly ApiAnswer[]> =>
    Promise.all(
      manifests.map((one) =>
        admin.call(
          'PATCH',
          `${pathOf(one)}?fieldManager=kubectl&fieldValidation=Strict&force=true&${query}`,
          { patch: 'apply', body: one },
        ),
      ),
    );
  await apply();
  const token = await admin.token('kube-system', 'sync-controller');
  const rig = await startRig({ nodes, source: '  kind: kubernetes\n  kubeconfig: KUBECONFIG', settings });
  writeKubeconfig(rig, kube, token);
  for (const [name, data] of Object.entries(initialObjects(rig.fleet, { nodes })))
    await admin.call('POST', maps, { body: { metadata: { name }, data } });
  return {
    rig,
    kube,
    admin,
    apply,
    account: admin.as(token),
    trim: async (name, verbs) => {
      const role = manifests.find(({ kind }) => kind === 'Role');
      if (role === undefined) throw new Error('rbac: deploy/rbac.yaml holds no Role');
      const rules = (role.rules ?? []).flatMap((rule) => trimmed(rule, name, verbs));
      await admin.call('PATCH', pathOf(role), { patch: 'merge', body: { rules } });
    },
    add: async (service) => {
      const services = JSON.parse(
        (await admin.call('GET', `${maps}/service-registry`)).body.data['services.json'] as string,
      ) as object;
      const text = JSON.stringify({
        ...services,
        [service]: { subdomain: service, ip: '100.76.150.77', port: 80 },
      });
      await admin.call('PATCH', `${maps}/service-registry`, {
        patch: 'merge',
        body: { data: { 'services.json': text } },
      });
    },
    everywhere: async (service) => {
      for (const index of nodes.keys())
        await until(`${service} is on node ${String(index)}`, () =>
          fileOn(rig.node(index), 'etc/hosts').includes(`${service}.testcloud.local`),
        );
    },
    stop: async () => {
      await rig.stop();
      await kube.stop();
    },
  };
}

function trimmed(rule: Rule, name: string, verbs: readonly string[]): readonly Rule[] {
  if (rule.resourceNames?.includes(name) !== true) return [rule];
  const others = rule.resourceNames.filter((one) => one !== name);
  return [
    { ...rule, resourceNames: others },
    { ...rule, resourceNames: [name], verbs: rule.verbs.filter((verb) => !verbs.includes(verb)) },
  ];
}

/** The admin's kubeconfig with the account's token in place of the admin. */
function writeKubeconfig(rig: Rig, kube: KubeServer, token: string): void {
  const config = parse(readFileSync(kube.kubeconfig, 'utf8')) as { contexts: { context: object }[] };
  const contexts = config.contexts.map((one) => ({
    ...one,
    context: { ...one.context, user: 'sync-controller' },
  }));
  const file = join(rig.folder, 'kubeconfig');
  writeFileSync(
    file,
    stringify({ ...config, contexts, users: [{ name: 'sync-controller', user: { token } }] }),
    { mode: 0o600 },
  );
  writeFileSync(rig.settings, readFileSync(rig.settings, 'utf8').replace('KUBECONFIG', file));
}
