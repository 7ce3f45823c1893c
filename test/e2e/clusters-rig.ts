// Two real API servers, one kubeconfig with a context for each, a folder where it is asked for, and one controller over all of them.
import { readFileSync, writeFileSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parse, stringify } from 'yaml';
import type { ControllerStatus } from '../../src/contract/report.ts';
import { routes, type AnswerOf, type RouteName } from '../../src/contract/routes.ts';
import { withQuery } from '../../src/lib/query.ts';
import { connectKube, type ApiAnswer, type KubeApi } from '../servers/kube-api.ts';
import { startKube, type KubeServer } from '../servers/kube.ts';
import { fileOn, initialObjects, startRig, until, type Daemon, type Rig } from './rig.ts';

/** One cluster with an API server of its own. */
export interface Cluster {
  readonly name: string;
  readonly kube: KubeServer;
  readonly api: KubeApi;
  value(object: string, key: string): Promise<string>;
  /** What `kubectl edit` does on saving: a patch of values; null takes a key away. */
  save(object: string, data: Readonly<Record<string, string | null>>): Promise<ApiAnswer>;
  /** Reads, changes and saves the services. */
  services(change: (services: Readonly<Record<string, object>>) => object): Promise<ApiAnswer>;
}

export interface ClusterRig {
  readonly rig: Rig;
  readonly home: Cluster;
  readonly east: Cluster;
  status(): Promise<ControllerStatus>;
  stateOf(source: string): Promise<string | undefined>;
  /** True where every node has the text. */
  everywhere(text: string): boolean;
  nowhere(text: string): boolean;
  stop(): Promise<void>;
}

const maps = '/api/v1/namespaces/kube-system/configmaps';
const nodes = [
  { type: 'worker_nodes', name: 'wa' },
  { type: 'worker_nodes', name: 'wb' },
] as const;

export interface ClusterOptions {
  /** The list under `sources:`; `KUBECONFIG` and `FOLDER` stand for the files of the rig. */
  readonly sources: string;
  readonly settings?: string;
  /** Names of services of east beside its `demo`. */
  readonly services: Readonly<Record<string, string>>;
}

/** Everything is told, asked and written back soon. */
export const brisk = 'status: {flushMs: 300}\nwatch: {pollMs: 1000, requestMs: 3000}\n';

/** Both API servers as sources, with these priorities; home is the first one. */
export function bothServers(priorities: { readonly home: number; readonly east: number }): string {
  return (['home', 'east'] as const)
    .map(
      (name) =>
        `  - {name: ${name}, kubeconfig: KUBECONFIG, context: ${name}, priority: ${String(priorities[name])}}\n`,
    )
    .join('');
}

/** Starts the controller and waits until these texts are on every node. */
export async function begin(world: ClusterRig, ...texts: readonly string[]): Promise<Daemon> {
  const daemon = world.rig.daemon();
  await until('both are on both nodes', () => texts.every((one) => world.everywhere(one)));
  return daemon;
}

/** A service as an admin registers it. */
export function service(name: string, ip: string): object {
  return { subdomain: name, ip, port: 80, public: false };
}

/** Starts servers and nodes; `wa` is home's and `wb` east's. Nothing of the product runs yet. */
export async function startClusterRig(options: ClusterOptions): Promise<ClusterRig> {
  const [home, east] = await Promise.all([startCluster('home'), startCluster('east')]);
  const rig = await startRig({ nodes, settings: options.settings ?? '' });
  const kubeconfig = join(rig.folder, 'kubeconfig');
  writeFileSync(kubeconfig, merged([home, east]), { mode: 0o600 });
  const sources = options.sources.replaceAll('KUBECONFIG', kubeconfig).replaceAll('FOLDER', rig.registry);
  const written = readFileSync(rig.settings, 'utf8');
  writeFileSync(
    rig.settings,
    written.replace(/source:\n {2}kind: directory\n {2}directory: .*\n/u, `sources:\n${sources}`),
  );
  const initial = initialObjects(rig.fleet, { nodes });
  await create(home, { ...initial, ...rowsOf(initial, 0) });
  await create(east, {
    ...rowsOf(initial, 1),
    'service-registry': {
      'services.json': JSON.stringify(
        Object.fromEntries(Object.entries(options.services).map(([name, ip]) => [name, service(name, ip)])),
      ),
    },
    'domain-registry': { 'domains.json': '{}', 'routing.json': '{}' },
    'cluster-info': { 'cluster-name': 'east', 'cluster-domain': 'eastcloud' },
  });
  const status = async (): Promise<ControllerStatus> =>
    JSON.parse((await rig.syncctl(['status', '-o', 'json'])).stdout) as ControllerStatus;
  const hosts = (): readonly string[] => [0, 1].map((index) => fileOn(rig.node(index), 'etc/hosts'));
  return {
    rig,
    home,
    east,
    status,
    stateOf: async (source) => (await status()).sources?.find(({ name }) => name === source)?.state,
    everywhere: (one) => hosts().every((file) => file.includes(one)),
    nowhere: (one) => hosts().every((file) => !file.includes(one)),
    stop: async () => {
      await rig.stop();
      await Promise.all([home.kube.stop(), east.kube.stop()]);
    },
  };
}

async function startCluster(name: string): Promise<Cluster> {
  const kube = await startKube();
  const api = await connectKube(kube.kubeconfig);
  const value = async (object: string, key: string): Promise<string> =>
    ((await api.call('GET', `${maps}/${object}`)).body as { data: Record<string, string> }).data[key] ?? '';
  const save: Cluster['save'] = (object, data) =>
    api.call('PATCH', `${maps}/${object}`, { patch: 'merge', body: { data } });
  return {
    name,
    kube,
    api,
    value,
    save,
    services: async (change) => {
      const now = JSON.parse(await value('service-registry', 'services.json')) as Record<string, object>;
      return save('service-registry', { 'services.json': JSON.stringify(change(now), null, 2) });
    },
  };
}

async function create(
  { api }: Cluster,
  objects: Readonly<Record<string, Readonly<Record<string, string>>>>,
): Promise<void> {
  for (const [name, data] of Object.entries(objects)) {
    const made = await api.call('POST', maps, { body: { metadata: { name }, data } });
    if (made.status !== 201) throw new Error(`clusters: ${name} was answered ${made.text}`);
  }
}

/** The registry of nodes with one of the two workers. */
function rowsOf(
  objects: Readonly<Record<string, Readonly<Record<string, string>>>>,
  index: number,
): Record<string, Record<string, string>> {
  const all = JSON.parse(objects['sync-controller-registry']?.['registry.json'] ?? '{}') as {
    worker_nodes: object[];
  };
  const own = { ...all, worker_nodes: all.worker_nodes.slice(index, index + 1) };
  return { 'sync-controller-registry': { 'registry.json': JSON.stringify(own, null, 2) } };
}

/** One file with a context for each cluster; the current one is that of neither. */
function merged(clusters: readonly Cluster[]): string {
  const read = clusters.map(({ name, kube }) => {
    const config = parse(readFileSync(kube.kubeconfig, 'utf8')) as Record<string, Record<string, object>[]>;
    return {
      clusters: { name, cluster: config['clusters']?.[0]?.['cluster'] },
      users: { name, user: config['users']?.[0]?.['user'] },
      contexts: { name, context: { cluster: name, user: name } },
    };
  });
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'nobody',
    clusters: read.map((one) => one.clusters),
    users: read.map((one) => one.users),
    contexts: [
      ...read.map((one) => one.contexts),
      { name: 'nobody', context: { cluster: 'none', user: 'none' } },
    ],
  });
}

/** Kills a server without warning and waits until the controller says that it cannot read it. */
export async function kill(world: ClusterRig, cluster: Cluster): Promise<void> {
  await cluster.kube.kill9();
  await until(`${cluster.name} is told`, async () => (await world.stateOf(cluster.name)) === 'last-good');
}

/** Starts it again and waits until it is read. */
export async function revive(world: ClusterRig, cluster: Cluster): Promise<void> {
  await cluster.kube.restart();
  await until(`${cluster.name} is back`, async () => (await world.stateOf(cluster.name)) === 'fresh');
}

/** Asks the daemon's API through its socket. @throws what it says, for a refusal. */
export async function ask<N extends RouteName>(rig: Rig, name: N, body: object): Promise<AnswerOf<N>> {
  const { method, path: place } = routes[name];
  const path = method === 'GET' ? withQuery(place, body) : place;
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const socketPath = join(rig.folder, 'run', 'syncctl.sock');
    const headers = { host: 'localhost', 'content-type': 'application/json' };
    const outgoing = request({ socketPath, method, path, headers }, resolve);
    outgoing.once('error', reject);
    outgoing.end(method === 'GET' ? undefined : JSON.stringify(body));
  });
  const said = await text(answer);
  if (answer.statusCode !== 200) throw new Error(said);
  return JSON.parse(said) as AnswerOf<N>;
}
