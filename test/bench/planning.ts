// Planning alone: registries with many rows, read, guarded, planned, compared and queued, without any node.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/lib/clock.ts';
import {
  registryObjects,
  type RawObject,
  type RegistryObject,
  type Snapshot,
} from '../../src/model/snapshot.ts';
import { planFleet } from '../../src/plan/plan-fleet.ts';
import { effectiveFile } from '../../src/reconcile/effective-file.ts';
import { Fleet } from '../../src/reconcile/fleet.ts';
import { KeyQueue } from '../../src/reconcile/queue.ts';
import { parseRegistries } from '../../src/registry/parse.ts';
import { ed25519Key } from '../fleet/keys.ts';
import { rowOf } from './registry.ts';
import type { Row } from './report.ts';
import { median, spread } from './stats.ts';

const nodes = 10_000;
const services = 1_000;
const aimMs = 500;
const cluster = 'sc-bench-planning';
const group = `Planning ${nodes.toLocaleString('en')} nodes x ${services.toLocaleString('en')} services`;

/** Half of the nodes are workers, the others laptops and VPS; half of the services are public. */
export async function planningRows(rounds: number): Promise<readonly Row[]> {
  const fleets = { single: await measure('{}', rounds), multi: await measure(routing(), rounds) };
  return Object.entries(fleets).flatMap(([name, taken]) =>
    rowsOf(name === 'single' ? 'one domain' : 'three domains', taken),
  );
}

interface Taken {
  readonly read: readonly number[];
  readonly plan: readonly number[];
  readonly queued: readonly number[];
  /** Different documents among all plans, and what rendering and hashing just these costs. */
  readonly documents: number;
}

async function measure(routingText: string, rounds: number): Promise<Taken> {
  const folder = mkdtempSync(join(tmpdir(), 'sync-bench-'));
  try {
    return await measureIn(folder, routingText, rounds);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function measureIn(folder: string, routingText: string, rounds: number): Promise<Taken> {
  const rows = rowsOfAll();
  const taken = { read: [] as number[], plan: [] as number[], queued: [] as number[] };
  let documents = 0;
  const fleet = paperFleet(folder);
  const queue = new KeyQueue(systemClock);
  let lastGood: Snapshot | undefined;
  for (let round = 0; round <= rounds; round += 1) {
    const raw = objectsOf(rows, routingText, round);
    const marks = [performance.now()];
    const snapshot: Snapshot = parseRegistries(raw, lastGood);
    marks.push(performance.now());
    const plan = planFleet(snapshot, cluster, []);
    marks.push(performance.now());
    const change = await fleet.update(snapshot, cluster);
    for (const id of change.changed) queue.add(id, 'change');
    marks.push(performance.now());
    lastGood = snapshot;
    documents = new Set([...plan.nodes.values()].flatMap((node) => node.bundles)).size;
    if (plan.nodes.size !== nodes || change.changed.length === 0)
      throw new Error(
        `bench: planning: ${String(plan.nodes.size)} nodes planned, ${String(change.changed.length)} changed`,
      );
    // The first round compiles.
    if (round === 0) continue;
    const [start = 0, read = 0, planned = 0, queued = 0] = marks;
    taken.read.push(read - start);
    taken.plan.push(planned - read);
    taken.queued.push(queued - planned);
  }
  return { ...taken, documents };
}

function rowsOf(domains: string, { read, plan, queued, documents }: Taken): readonly Row[] {
  const row = (what: string, values: readonly number[], beside: string): Row => ({
    group,
    what: `${domains}: ${what}`,
    figure: `${spread(values, 0)} ms`,
    aim: `<= ${String(aimMs)} ms`,
    met: median(values) <= aimMs,
    beside,
  });
  return [
    row(
      'the plan of every node',
      plan,
      `${String(documents)} different documents, each rendered and hashed once`,
    ),
    row(
      'from a snapshot to the queue',
      queued,
      'guard, plan, what is in force kept in its file, comparison with the plan before, every changed node queued',
    ),
    {
      ...row('reading the registries', read, 'JSON to a checked snapshot; before the plan'),
      aim: '',
      met: undefined,
    },
  ].map(({ met, ...rest }) => (met === undefined ? rest : { ...rest, met }));
}

/** What is in force is kept in a real file, as in the product. */
function paperFleet(folder: string): Fleet {
  return new Fleet({
    keeper: effectiveFile(join(folder, 'effective.json')),
    approvals: { all: () => new Set(), spend: () => Promise.resolve() },
    limits: { percent: 50, minimum: 5 },
  });
}

function rowsOfAll(): Readonly<Record<string, readonly object[]>> {
  const row = (index: number): object =>
    rowOf({
      name: `node-${String(index)}`,
      address: addressOf(index),
      user: 'node',
      hostKeys: [ed25519Key('paper').publicLine],
    });
  const all = Array.from({ length: nodes }, (_, index) => row(index));
  return {
    worker_nodes: all.slice(0, nodes / 2),
    management_laptops: all.slice(nodes / 2, (nodes * 3) / 4),
    vps_nodes: all.slice((nodes * 3) / 4),
  };
}

function objectsOf(
  rows: Readonly<Record<string, readonly object[]>>,
  routingText: string,
  round: number,
): ReadonlyMap<RegistryObject, RawObject> {
  const served = Array.from({ length: services }, (_, index) => [
    `service-${String(index)}`,
    {
      subdomain: `service-${String(index)}`,
      namespace: 'apps',
      service: `service-${String(index)}`,
      ip: `10.99.${String(index >> 8)}.${String(index === 0 ? round : index & 255)}`,
      port: 80,
      public: index % 2 === 0,
    },
  ]);
  const domains = Object.fromEntries(
    domainNames.map((name) => [name, { registered: '2026-01-01T00:00:00Z' }]),
  );
  const values: Readonly<Record<RegistryObject, Readonly<Record<string, string>>>> = {
    'service-registry': { 'services.json': JSON.stringify(Object.fromEntries(served)) },
    'sync-controller-registry': {
      'registry.json': JSON.stringify({ ...rows, metadata: { version: '1.0' } }),
    },
    'domain-registry': {
      'domains.json': JSON.stringify({ domains, vps_nodes: [] }),
      'routing.json': routingText,
    },
    'cluster-info': {
      'cluster-name': 'bench',
      'cluster-domain': 'bench',
      'public-domain': domainNames[0],
    },
  };
  return new Map(registryObjects.map((name) => [name, rawObject(name, values[name])]));
}

const domainNames = ['example.org', 'example.net', 'example.com'] as const;
/** VPS that serve the same services: as many as an object of Kubernetes has room to name. */
const sharing = 50;

function addressOf(index: number): string {
  return `10.${String(100 + (index >> 16))}.${String((index >> 8) & 255)}.${String(index & 255)}`;
}

/** Every public service under two of the domains, on one group of VPS. */
function routing(): string {
  const first = (nodes * 3) / 4;
  const groups = (nodes - first) / sharing;
  const routes = Array.from({ length: services / 2 }, (_, index) => {
    const start = first + (index % groups) * sharing;
    const vpsNodes = Array.from({ length: sharing }, (_each, offset) => addressOf(start + offset));
    const domains = domainNames.filter((_name, at) => at !== index % domainNames.length);
    return [`service-${String(index * 2)}`, { domains, vps_nodes: vpsNodes, strategy: 'round-robin' }];
  });
  return JSON.stringify(Object.fromEntries(routes));
}

function rawObject(name: RegistryObject, data: Readonly<Record<string, string>>): RawObject {
  return { name, uid: name, resourceVersion: '1', data, annotations: {} };
}
