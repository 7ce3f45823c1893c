// How often the controller writes its statuses: a real API server, and a watch beside the controller that sees every write.
import { setTimeout as delay } from 'node:timers/promises';
import { initialObjects, startRig, type Rig } from '../e2e/rig.ts';
import { connectKube, type KubeApi } from '../servers/kube-api.ts';
import { kubeAvailable, startKube } from '../servers/kube.ts';
import { enrolByHand } from '../support/enrolled.ts';
import type { Row } from './report.ts';
import { WarmController } from './ways/ours.ts';

const nodes = 10;
const busyMs = 120_000;
const quietMs = 65_000;
const editEveryMs = 4_000;
/** Each third edit takes a node's sshd away or gives it back. */
const outageEvery = 3;
const flushMs = 30_000;
/** The watch sees a write a moment after it was begun. */
const blurMs = 500;

/** Ten nodes, an edit every few seconds and one node that comes and goes; then silence. */
export async function writeRows(): Promise<readonly Row[]> {
  const available = kubeAvailable();
  if (!available.available) throw new Error(`bench: writes: ${available.reason}; ${available.howTo}`);
  const kube = await startKube();
  const specs = Array.from({ length: nodes }, (_, index) => ({
    type: 'worker_nodes' as const,
    name: `worker-${String(index)}`,
  }));
  try {
    const api = await connectKube(kube.kubeconfig);
    const namespace = await api.namespace('bench');
    const source = `  kind: kubernetes\n  kubeconfig: ${kube.kubeconfig}\n  namespace: ${namespace}`;
    const rig = await startRig({ nodes: specs, source, storage: 'disk' });
    try {
      for (const node of rig.fleet.nodes) enrolByHand(node, 'hosts');
      const path = `/api/v1/namespaces/${namespace}/configmaps`;
      for (const [name, data] of Object.entries(initialObjects(rig.fleet, { nodes: specs })))
        await api.call('POST', path, { body: { metadata: { name }, data } });
      return await measure(rig, api, path);
    } finally {
      await rig.stop();
    }
  } finally {
    await kube.stop();
  }
}

async function measure(rig: Rig, api: KubeApi, path: string): Promise<readonly Row[]> {
  const stage = { settings: rig.settings, fleet: rig.fleet, prepare: () => () => Promise.resolve() };
  const warm = await WarmController.start(stage);
  const end = new AbortController();
  const writes: Write[] = [];
  const watching = follow(api, path, { writes, signal: end.signal });
  try {
    const done = await busy(rig, api, path);
    const quietFrom = performance.now();
    await delay(quietMs);
    return rowsOf(writes, done, quietFrom);
  } finally {
    end.abort();
    await watching.catch(() => undefined);
    await warm.close();
  }
}

interface Write {
  readonly object: string;
  readonly at: number;
}

interface Done {
  readonly edits: number;
  readonly outages: number;
}

/** Notes every change of an object that the controller writes; the edits of the bench are of another one. */
async function follow(
  api: KubeApi,
  path: string,
  { writes, signal }: { readonly writes: Write[]; readonly signal: AbortSignal },
): Promise<void> {
  const list = await api.call('GET', path);
  const from = String(list.body.metadata.resourceVersion);
  for await (const { type, object } of api.watch(`${path}?watch=1&resourceVersion=${from}`, signal)) {
    const name = String(object.metadata.name);
    if (type !== 'BOOKMARK' && name !== 'service-registry')
      writes.push({ object: name, at: performance.now() });
  }
}

async function busy(rig: Rig, api: KubeApi, path: string): Promise<Done> {
  const end = performance.now() + busyMs;
  const moving = rig.node(0);
  let [edits, outages, away] = [0, 0, false];
  while (performance.now() < end) {
    edits += 1;
    const services = {
      demo: { subdomain: 'demo', ip: `100.77.0.${String(edits % 250)}`, port: 80, public: false },
    };
    const data = { 'services.json': JSON.stringify(services) };
    await api.call('PATCH', `${path}/service-registry`, { patch: 'merge', body: { data } });
    if (edits % outageEvery === 0) {
      await (away ? moving.startSshd() : moving.stopSshd());
      away = !away;
      outages += away ? 1 : 0;
    }
    await delay(editEveryMs);
  }
  if (away) await moving.startSshd();
  return { edits, outages };
}

function rowsOf(writes: readonly Write[], { edits, outages }: Done, quietFrom: number): readonly Row[] {
  const group = `Writes of statuses on Kubernetes: ${String(nodes)} nodes, a real API server`;
  const work = `${String(edits)} edits and ${String(outages)} outages in ${String(busyMs / 1000)} s`;
  const perObject = [...Map.groupBy(writes, (write) => write.object)].map(([object, list]): Row => {
    const gaps = list.flatMap(({ at }, index) => {
      const before = list[index - 1];
      return before === undefined ? [] : [at - before.at];
    });
    const shortest = Math.min(...gaps, Infinity);
    return {
      group,
      what: `\`${object}\`: shortest time between two writes`,
      figure: gaps.length === 0 ? 'written once' : `${(shortest / 1000).toFixed(1)} s`,
      aim: '>= 30 s, seen to half a second',
      met: shortest >= flushMs - blurMs,
      beside: `${String(list.length)} writes beside ${work}`,
    };
  });
  const late = writes.filter(({ at }) => at > quietFrom + flushMs + blurMs).length;
  return [
    ...perObject,
    {
      group,
      what: 'writes while nothing happens',
      figure: String(late),
      aim: '0',
      met: late === 0,
      beside: `${((quietMs - flushMs) / 1000).toFixed(0)} s that begin when the last owed write is over`,
    },
  ];
}
