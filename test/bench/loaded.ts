// From the save of an edit to the moment every Traefik serves it: single edits, and several in a row.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startRig, type Rig } from '../e2e/rig.ts';
import type { FleetNode } from '../fleet/types.ts';
import { traefikAvailable } from '../servers/traefik.ts';
import { enrolByHand } from '../support/enrolled.ts';
import { traefikOn } from '../support/traefik-on-node.ts';
import { manifest } from './registry.ts';
import type { Row } from './report.ts';
import { p50p99, percentile } from './stats.ts';
import { WarmController } from './ways/ours.ts';

const nodes = 5;
const services = 20;
const routesFile = 'home/node/traefik/config/mynodeone-routes.yml';
/** Traefik takes one change in 2 s; an edit is isolated once that is over. */
const restMs = 2_500;
const burst = { saves: 5, everyMs: 200 };
const most = { isolated: 100, bursts: 20, alone: 10 };
const aimsMs = { isolated: 1_500, bursts: 3_500 };

/** A handful of VPS with a real Traefik each. */
export async function loadedRows(edits: number): Promise<readonly Row[]> {
  const traefik = traefikAvailable('v3');
  if (!traefik.available) throw new Error(`bench: loaded: ${traefik.reason}; ${traefik.howTo}`);
  const specs = Array.from({ length: nodes }, (_, index) => ({
    type: 'vps_nodes' as const,
    name: `vps-${String(index)}`,
  }));
  const rig = await startRig({ nodes: specs, storage: 'disk' });
  try {
    for (const node of rig.fleet.nodes) {
      enrolByHand(node, 'traefik-routes');
      await traefikOn(node, 'v3');
    }
    return await measure(rig, edits);
  } finally {
    await rig.stop();
  }
}

async function measure(rig: Rig, edits: number): Promise<readonly Row[]> {
  const taken = { isolated: [] as number[], bursts: [] as number[], alone: [] as number[] };
  await save(rig, 0);
  const stage = { settings: rig.settings, fleet: rig.fleet, prepare: (to: number) => () => save(rig, to) };
  const warm = await WarmController.start(stage);
  let generation = 0;
  try {
    for (let index = 0; index < Math.min(edits, most.isolated); index += 1) {
      await delay(restMs);
      taken.isolated.push(await savedUntilLoaded(rig, warm, [(generation += 1)]));
    }
    for (let index = 0; index < Math.min(Math.ceil(edits / 3), most.bursts); index += 1) {
      await delay(restMs);
      const saves = Array.from({ length: burst.saves }, () => (generation += 1));
      taken.bursts.push(await savedUntilLoaded(rig, warm, saves));
    }
  } finally {
    await warm.close();
  }
  for (let index = 0; index < Math.min(edits, most.alone); index += 1) {
    await delay(restMs);
    taken.alone.push(await traefikAlone(rig.node(0), index));
  }
  return rowsOf(taken);
}

/** Milliseconds from the last save until every node is verified with it, which takes the rungs `loaded` and `answers`. */
async function savedUntilLoaded(rig: Rig, warm: WarmController, saves: readonly number[]): Promise<number> {
  let start = 0;
  let last = 0;
  for (const [index, generation] of saves.entries()) {
    if (index > 0) await delay(burst.everyMs);
    start = performance.now();
    await save(rig, generation);
    last = generation;
  }
  const isThere = (): boolean =>
    rig.fleet.nodes.every((node) =>
      readFileSync(join(node.rootDir, routesFile), 'utf8').includes(`http://${addressOf(last)}:`),
    );
  while (!isThere()) await delay(5);
  await warm.settled();
  const ms = performance.now() - start;
  for (const node of rig.fleet.nodes) await mustServe(node, addressOf(last));
  return ms;
}

/** Asks the Traefik of a node itself, outside the measured time. */
async function mustServe(node: FleetNode, address: string): Promise<void> {
  const raw = await node.run('curl -fsS -m 2 http://127.0.0.1:8080/api/rawdata');
  if (!raw.stdout.includes(`http://${address}:80`))
    throw new Error(`bench: the Traefik of ${node.name} does not serve ${address}: ${raw.stderr}`);
}

/** The floor: one file renamed into Traefik's folder, nobody between. */
async function traefikAlone(node: FleetNode, run: number): Promise<number> {
  const name = `alone-${String(run)}`;
  const url = `http://100.78.0.${String(run + 1)}:80`;
  const folder = join(node.rootDir, 'home/node/traefik');
  const lines = [
    'http:',
    '  routers:',
    `    ${name}: { rule: "Host(\`${name}.example.org\`)", service: ${name}, entryPoints: [websecure] }`,
    '  services:',
    `    ${name}: { loadBalancer: { servers: [{ url: "${url}" }] } }`,
    '',
  ];
  writeFileSync(join(folder, 'alone.yml'), lines.join('\n'));
  const ask = 'curl -fsS -m 2 http://127.0.0.1:8080/api/rawdata';
  const served = node.run(
    `for i in $(seq 500); do ${ask} | grep -q '${url}' && exit 0; sleep 0.01; done; exit 1`,
  );
  await delay(100);
  const start = performance.now();
  renameSync(join(folder, 'alone.yml'), join(folder, 'config/alone.yml'));
  const { code } = await served;
  if (code !== 0) throw new Error(`bench: the Traefik of ${node.name} did not load a file of its own`);
  return performance.now() - start;
}

function addressOf(generation: number): string {
  return `100.77.${String(generation >> 8)}.${String(generation & 255)}`;
}

function save({ registry }: Rig, generation: number): Promise<void> {
  const rows = Array.from({ length: services }, (_, index) => [
    `demo${String(index)}`,
    {
      subdomain: `demo${String(index)}`,
      service: 'demo',
      ip: index === 0 ? addressOf(generation) : `100.76.150.${String(index)}`,
      port: 80,
      public: true,
    },
  ]);
  const text = manifest('service-registry', { 'services.json': JSON.stringify(Object.fromEntries(rows)) });
  const draft = join(registry, '..', 'service-registry.new');
  writeFileSync(draft, text);
  renameSync(draft, join(registry, 'service-registry.json'));
  return Promise.resolve();
}

function rowsOf(taken: Readonly<Record<'isolated' | 'bursts' | 'alone', readonly number[]>>): readonly Row[] {
  const group = `Change to loaded: ${String(nodes)} VPS with a real Traefik 3`;
  const alone = `Traefik alone, a file renamed into its folder: ${p50p99(taken.alone)} in ${String(taken.alone.length)}`;
  const row = (what: string, name: 'isolated' | 'bursts', beside: string): Row => ({
    group,
    what,
    figure: p50p99(taken[name]),
    aim: `p99 <= ${String(aimsMs[name] / 1000)} s`,
    met: percentile(taken[name], 0.99) <= aimsMs[name],
    beside,
  });
  return [
    row(
      'isolated edits, from the save to the last node loaded and answering',
      'isolated',
      `${String(taken.isolated.length)} edits; ${alone}`,
    ),
    row(
      'bursts, from the last save',
      'bursts',
      `${String(taken.bursts.length)} bursts of ${String(burst.saves)} saves, ${String(burst.everyMs)} ms apart`,
    ),
  ];
}
