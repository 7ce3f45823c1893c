import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { fleetAvailable } from '../fleet/availability.ts';
import { connectKube, type ApiAnswer, type KubeApi } from '../servers/kube-api.ts';
import { kubeAvailable, startKube, type KubeServer } from '../servers/kube.ts';
import { suiteTitle } from '../servers/origins.ts';
import { fileOn, initialObjects, startRig, until, type Daemon, type Rig } from './rig.ts';

const kubeReady = kubeAvailable();
const ready = kubeReady.available && fleetAvailable('namespaces').available;
const nodes = [{ type: 'management_laptops', name: 'laptop' }, { type: 'worker_nodes', name: 'wa' }, { type: 'worker_nodes', name: 'wb' }] as const;
const maps = '/api/v1/namespaces/kube-system/configmaps';
const roles = '/apis/rbac.authorization.k8s.io/v1';

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
}
const manifests = parseAllDocuments(readFileSync(new URL('../../deploy/rbac.yaml', import.meta.url), 'utf8')).map((document) => document.toJS() as Manifest);

function pathOf({ kind, metadata }: Manifest): string {
  const folder = { ServiceAccount: '/api/v1/namespaces/kube-system/serviceaccounts', Role: `${roles}/namespaces/kube-system/roles`, RoleBinding: `${roles}/namespaces/kube-system/rolebindings`, ClusterRole: `${roles}/clusterroles`, ClusterRoleBinding: `${roles}/clusterrolebindings` }[kind];
  return `${String(folder)}/${metadata.name}`;
}

describe.skipIf(!ready)(suiteTitle('a controller with the rights of deploy/rbac.yaml and no other', kubeReady), () => {
  let kube: KubeServer;
  let admin: KubeApi;
  let account: KubeApi;
  let rig: Rig;
  let daemon: Daemon;
  const apply = (query: string): Promise<readonly ApiAnswer[]> =>
    Promise.all(manifests.map((one) => admin.call('PATCH', `${pathOf(one)}?fieldManager=kubectl&fieldValidation=Strict&${query}`, { patch: 'apply', body: one })));
  const edit = async (change: (services: Record<string, object>) => object): Promise<void> => {
    const services = JSON.parse((await admin.call('GET', `${maps}/service-registry`)).body.data['services.json'] as string) as Record<string, object>;
    const answer = await admin.call('PATCH', `${maps}/service-registry`, { patch: 'merge', body: { data: { 'services.json': JSON.stringify(change(services)) } } });
    expect(answer.status).toBe(200);
  };
  const add = (name: string): Promise<void> => edit((services) => ({ ...services, [name]: { subdomain: name, ip: '100.76.150.77', port: 80 } }));
  const everywhere = async (name: string): Promise<void> => {
    for (const index of [0, 1, 2]) await until(`${name} is on node ${String(index)}`, () => fileOn(rig.node(index), 'etc/hosts').includes(`${name}.testcloud.local`));
  };
  /** Takes verbs on some objects away from the role, as an admin who trims it. */
  const trim = async (name: string, verbs: readonly string[]): Promise<void> => {
    const role = manifests.find(({ kind }) => kind === 'Role') as Manifest & { rules: { resourceNames?: string[]; verbs: string[] }[] };
    const rules = role.rules.flatMap((rule) => rule.resourceNames?.includes(name) === true
      ? [{ ...rule, resourceNames: rule.resourceNames.filter((one) => one !== name) }, { ...rule, resourceNames: [name], verbs: rule.verbs.filter((verb) => !verbs.includes(verb)) }]
      : [rule]);
    expect((await admin.call('PATCH', pathOf(role), { patch: 'merge', body: { rules } })).status).toBe(200);
  };
  const restart = async (): Promise<void> => {
    await daemon.stop();
    daemon = rig.daemon();
  };

  beforeAll(async () => {
    kube = await startKube();
    admin = await connectKube(kube.kubeconfig);
    expect((await apply('')).map(({ status }) => status).every((status) => status < 300)).toBe(true);
    const token = await admin.token('kube-system', 'sync-controller');
    account = admin.as(token);
    rig = await startRig({
      nodes, source: '  kind: kubernetes\n  kubeconfig: PLACE',
      settings: 'status:\n  flushMs: 500\n  shardNodes: 1\nwatch:\n  pollMs: 1000\n',
    });
    const config = parse(readFileSync(kube.kubeconfig, 'utf8')) as { users: object[]; contexts: { context: { user: string } }[] };
    const own = { ...config, users: [{ name: 'sync-controller', user: { token } }], contexts: config.contexts.map((one) => ({ ...one, context: { ...one.context, user: 'sync-controller' } })) };
    writeFileSync(join(rig.folder, 'kubeconfig'), stringify(own), { mode: 0o600 });
    writeFileSync(rig.settings, readFileSync(rig.settings, 'utf8').replace('PLACE', join(rig.folder, 'kubeconfig')));
    for (const [name, data] of Object.entries(initialObjects(rig.fleet, { nodes })))
      expect((await admin.call('POST', maps, { body: { metadata: { name }, data } })).status).toBe(201);
  });
  afterAll(async () => {
    await rig.stop();
    await kube.stop();
  });

  it('the API server takes the manifests without a remark', async () => {
    const answers = await apply('dryRun=All');
    expect(answers.map(({ status }) => status)).toEqual(manifests.map(() => 200));
  });

  it('doctor finds every right in place', async () => {
    const doctor = await rig.syncctl(['doctor', '-o', 'json']);
    console.log(doctor.stdout, doctor.stderr);
  });

  it('does the whole job: term, push, watch, statuses in rows and objects', async () => {
    daemon = rig.daemon();
    await everywhere('demo');
    await add('fresh');
    await everywhere('fresh');
    await until('the rows say active', async () => {
      const rows = JSON.parse((await admin.call('GET', `${maps}/sync-controller-registry`)).body.data['registry.json'] as string) as Record<string, { status: string }[]>;
      return [...(rows['worker_nodes'] ?? []), ...(rows['management_laptops'] ?? [])].every((row) => row.status === 'active');
    });
    const names = ((await admin.call('GET', maps)).body.items as { metadata: { name: string } }[]).map(({ metadata }) => metadata.name);
    console.log(names);
    console.log(daemon.said());
    await restart();
    await until('started', () => daemon.said().includes('started'));
    await add('again');
    await everywhere('again');
    await rig.syncctl(['push']);
    console.log(daemon.said());
  });
});
