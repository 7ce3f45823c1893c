// Nodes that fetch, at size: what the daemon weighs with all of them waiting, and how long an edit takes to the last receipt.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connectDaemon, type SocketClient } from '../../../src/contract/client.ts';
import { loadReceiver } from '../../../src/enrol/receiver-file.ts';
import { certificateIn } from '../../support/certificate.ts';
import { freePort } from '../../servers/process.ts';
import { copyProduct, memoryMb, unitEnvironment } from '../cost/process.ts';
import { endProgram, startProgram } from '../cost/program.ts';
import type { Row } from '../report.ts';
import { median, pairRatios, spread } from '../stats.ts';
import { Visitors } from './visitor.ts';

const patienceMs = 600_000;
const settleMs = 5_000;
const services = 128;

interface Weight {
  readonly rssMb: number;
  readonly files: number;
}

/** One side of the comparison: who listens, and who visits. */
interface Side {
  readonly pid: number;
  readonly empty: Weight;
  readonly full: Weight;
  /** Milliseconds from a change to the last receipt of it. */
  change(): Promise<number>;
  end(): Promise<void>;
}

/** Ours beside the floor, in turn. */
export async function pulledRows(nodes: number, rounds: number): Promise<readonly Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sync-bench-pull-'));
  const ids = Array.from(
    { length: nodes },
    (_, at) => `worker_nodes@10.${String(77 + (at >> 16))}.${String((at >> 8) & 255)}.${String(at & 255)}`,
  );
  const ends: (() => Promise<void>)[] = [];
  try {
    const ours = await daemonSide(folder, ids);
    ends.push(() => ours.end());
    const floor = await floorSide(folder, ids);
    ends.push(() => floor.end());
    const laps = { ours: [] as number[], floor: [] as number[] };
    for (let round = 0; round < rounds; round += 1)
      for (const side of round % 2 === 0 ? (['ours', 'floor'] as const) : (['floor', 'ours'] as const))
        laps[side].push(await (side === 'ours' ? ours : floor).change());
    return rowsOf(nodes, { ours, floor }, laps);
  } finally {
    for (const end of ends) await end();
    rmSync(folder, { recursive: true, force: true });
  }
}

function rowsOf(
  nodes: number,
  { ours, floor }: { readonly ours: Side; readonly floor: Side },
  laps: { readonly ours: readonly number[]; readonly floor: readonly number[] },
): readonly Row[] {
  const group = `${nodes.toLocaleString('en')} nodes that fetch, all of them waiting`;
  const ratios = pairRatios(laps.ours, laps.floor);
  const grown = ({ empty, full }: Side): number => ((full.rssMb - empty.rssMb) * 1000) / nodes;
  const files = ({ empty, full }: Side): number => full.files - empty.files;
  return [
    {
      group,
      what: 'edit to the last receipt, ours / floor',
      figure: spread(ratios, 2),
      aim: '',
      beside: `ours ${(median(laps.ours) / 1000).toFixed(2)} s, floor ${(median(laps.floor) / 1000).toFixed(2)} s; visitors, daemon and floor share the cores`,
    },
    {
      group,
      what: 'memory with all of them waiting, ours / floor',
      figure: (ours.full.rssMb / floor.full.rssMb).toFixed(2),
      aim: '',
      beside: `ours ${ours.full.rssMb.toFixed(0)} MB, ${ours.empty.rssMb.toFixed(0)} MB before the first visit; floor ${floor.full.rssMb.toFixed(0)} MB, ${grown(floor).toFixed(0)} KB a node`,
    },
    {
      group,
      what: 'descriptors for a node that waits',
      figure: (files(ours) / nodes).toFixed(2),
      aim: 'at most 1.05',
      met: files(ours) / nodes <= 1.05,
      beside: `ours ${String(files(ours))}, floor ${String(files(floor))}`,
    },
  ];
}

/** The built daemon with a listener for nodes. */
async function daemonSide(folder: string, ids: readonly string[]): Promise<Side> {
  const main = copyProduct(folder);
  const port = await freePort();
  const { settings, socket, edit } = layOut(folder, ids, port);
  const child = spawn(process.execPath, [main, 'daemon', '--config', settings], {
    stdio: 'ignore',
    env: { ...unitEnvironment(), PATH: process.env['PATH'] ?? '', HOME: folder, NO_COLOR: '1' },
  });
  const pid = child.pid ?? 0;
  const client = await until('the daemon answers', () => connectDaemon(socket).catch(() => undefined));
  const tokens = new Map<string, string>();
  for (const node of ids)
    tokens.set(
      node,
      (await client.nodeTokens.mint({ node, now: false, actor: { who: 'bench', reason: undefined } })).secret,
    );
  await delay(settleMs);
  const empty = weightOf(pid);
  const { version: receiver } = await loadReceiver();
  const visitors = new Visitors({ port, receiver, tokenOf: (node) => tokens.get(node) ?? '' });
  visitors.begin(ids);
  await until('every node is verified', () => allVerified(client, ids.length));
  await delay(settleMs);
  const full = weightOf(pid);
  let generation = 0;
  return {
    ...{ pid, empty, full },
    change: async () => {
      generation += 1;
      const words = `edit${String(generation)}.bench.local`;
      const ms = await arrival(visitors, { words, count: ids.length }, () => {
        edit(`edit${String(generation)}`);
      });
      await until('every node is verified', () => allVerified(client, ids.length));
      return ms;
    },
    end: async () => {
      await visitors.end();
      await client.close();
      await endProgram(child);
    },
  };
}

/** How long it takes until so many receipts have come for what `send` sets off. */
async function arrival(
  visitors: Visitors,
  { words, count }: { readonly words: string; readonly count: number },
  send: () => void,
): Promise<number> {
  const start = performance.now();
  send();
  await until(words, () => (visitors.broughtWith(words) === count ? true : undefined), 5);
  return performance.now() - start;
}

async function floorSide(folder: string, ids: readonly string[]): Promise<Side> {
  const { certificate, key } = certificateIn(folder);
  const child = await startProgram(join(import.meta.dirname, 'floor.ts'), folder, [certificate, key]);
  let [port, parked] = [0, 0];
  child.on('message', (told: { port?: number; parked?: number }) => {
    port = told.port ?? port;
    parked = told.parked ?? parked;
  });
  await until('the floor listens', () => (port > 0 ? true : undefined), 20);
  await delay(settleMs);
  const pid = child.pid ?? 0;
  const empty = weightOf(pid);
  const visitors = new Visitors({ port, receiver: '1.0.0', tokenOf: (node) => node });
  visitors.begin(ids);
  const waiting = (): Promise<true> =>
    until('all of them wait', () => (parked === ids.length ? true : undefined), 20);
  await waiting();
  await delay(settleMs);
  const full = weightOf(pid);
  let generation = 0;
  return {
    ...{ pid, empty, full },
    change: async () => {
      generation += 1;
      const words = `floor${String(generation)}.bench.local`;
      const lines = Array.from({ length: services }, (_, at) => `100.76.150.7\ts${String(at)}.bench.local`);
      parked = 0;
      const ms = await arrival(visitors, { words, count: ids.length }, () => {
        child.send(`${[...lines, `100.76.150.8\t${words}`].join('\n')}\n`);
      });
      await waiting();
      return ms;
    },
    end: async () => {
      await visitors.end();
      await endProgram(child);
    },
  };
}

/** Registry, settings and certificate of the daemon. */
function layOut(
  folder: string,
  ids: readonly string[],
  port: number,
): { readonly settings: string; readonly socket: string; readonly edit: (service: string) => void } {
  const [registry, own] = [join(folder, 'registry'), join(folder, 'own')];
  for (const made of [registry, own]) mkdirSync(made);
  const { certificate, key } = certificateIn(own);
  const write = (name: string, data: Record<string, string>): void => {
    const object = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace: 'kube-system' },
      data,
    };
    writeFileSync(join(registry, `${name}.json`), JSON.stringify(object));
  };
  const row = (id: string) => ({
    ip: id.split('@')[1],
    name: id.replace(/\D+/gu, '-').slice(1),
    ssh_user: 'node',
    sync_controller: { pull: true },
  });
  const edit = (more: string): void => {
    const names = [...Array.from({ length: services }, (_, at) => `s${String(at)}`), more];
    const entries = names.map((name) => [name, { subdomain: name, ip: '100.76.150.7', port: 80 }] as const);
    write('service-registry', { 'services.json': JSON.stringify(Object.fromEntries(entries)) });
  };
  write('sync-controller-registry', {
    'registry.json': JSON.stringify({ management_laptops: [], vps_nodes: [], worker_nodes: ids.map(row) }),
  });
  write('domain-registry', { 'domains.json': '{"domains":{},"vps_nodes":[]}', 'routing.json': '{}' });
  write('cluster-info', { 'cluster-name': 'bench', 'cluster-domain': 'bench' });
  edit('edit0');
  const settings = join(folder, 'config.yaml');
  const lines = [
    ...['source:', '  kind: directory', `  directory: ${registry}`, 'api:', '  listen: off', 'daemon:'],
    ...[`  stateDirectory: ${join(folder, 'state')}`, `  runtimeDirectory: ${join(folder, 'run')}`],
    ...['pull:', `  listen: 127.0.0.1:${String(port)}`, `  certificate: ${certificate}`, `  key: ${key}`],
    // All of them come from one address here.
    ...['  connectionsPerMinute: 1000000', ''],
  ];
  writeFileSync(settings, lines.join('\n'));
  return { settings, socket: join(folder, 'run', 'syncctl.sock'), edit };
}

async function allVerified(client: SocketClient, count: number): Promise<true | undefined> {
  const { nodes } = await client.status();
  return nodes.filter(({ verified }) => verified).length === count ? true : undefined;
}

function weightOf(pid: number): Weight {
  return { rssMb: memoryMb(pid, 'VmRSS'), files: readdirSync(`/proc/${String(pid)}/fd`).length };
}

async function until<T>(
  what: string,
  ask: () => T | undefined | Promise<T | undefined>,
  everyMs = 500,
): Promise<T> {
  const end = performance.now() + patienceMs;
  for (;;) {
    const found = await ask();
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error(`bench: gave up waiting until ${what}`);
    await delay(everyMs);
  }
}
