import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import ssh2 from 'ssh2';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import type { FleetNode } from '../fleet/types.ts';
import { fileOn, startRig, until, type Daemon, type Rig } from './rig.ts';

const { Client } = ssh2;
const available = fleetAvailable('namespaces').available;
const count = 100;

/** One line of the daemon's log. */
interface Line {
  readonly time: string;
  readonly message: string;
  readonly node?: string;
  readonly digest?: string;
}

const percentile = (values: readonly number[], part: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))] ?? NaN;
const spread = (what: string, values: readonly number[]): string =>
  `${what}: p50 ${String(Math.round(percentile(values, 0.5)))} ms, p95 ${String(Math.round(percentile(values, 0.95)))} ms, most ${String(Math.round(Math.max(...values)))} ms`;

async function eachOf<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const worker = async (): Promise<void> => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

describe.skipIf(!available)('a hundred nodes that go away and come back', () => {
  let rig: Rig;
  let daemon: Daemon;
  let nodes: readonly FleetNode[] = [];
  beforeAll(async () => {
    // The defaults of the product, not the shorter times of the other tests.
    vi.stubEnv('SYNC_CONTROLLER_PRESENCE_PROBE_MS', '2000');
    vi.stubEnv('SYNC_CONTROLLER_LOG_FORMAT', 'json');
    rig = await startRig({
      nodes: Array.from({ length: count }, () => ({ type: 'worker_nodes' as const })),
    });
    ({ nodes } = rig.fleet);
    daemon = rig.daemon();
    await until('every node has the first plan', () => synced(0).size === count, 180_000);
  }, 300_000);
  afterAll(async () => {
    vi.unstubAllEnvs();
    await rig.stop();
  });

  const lines = (): readonly Line[] =>
    daemon
      .said()
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as Line);
  /** Lines of that kind, by node, from the n-th line of the log on. */
  const told = (from: number, pattern: RegExp): ReadonlyMap<string, readonly Line[]> =>
    Map.groupBy(
      lines()
        .slice(from)
        .filter(({ message }) => pattern.test(message)),
      ({ node = '' }) => node,
    );
  const synced = (from: number): ReadonlyMap<string, readonly Line[]> => told(from, /^synced and verified/u);
  const lost = (from: number): ReadonlyMap<string, readonly Line[]> => told(from, /is not reachable/u);
  const idOf = (node: FleetNode): string => `worker_nodes@${node.address}`;
  const logOf = (node: FleetNode): string => readFileSync(join(node.rootDir, 'run/sshd.log'), 'utf8');
  const edit = async (name: string): Promise<void> => {
    const from = lines().length;
    rig.edit('service-registry', 'services.json', (services: object) => ({
      ...services,
      edited: { subdomain: name, ip: '100.76.150.77', port: 80 },
    }));
    await until('the edit is planned', () => told(from, /^registry changed/u).size > 0);
  };

  /** Connections to the fleet that wait for an answer, each by its own port. */
  const dials = (): readonly string[] =>
    readFileSync('/proc/net/tcp', 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/u))
      .filter(([, , remote = '', state]) => state === '02' && isOfFleet(remote))
      .map(([, local = '']) => local);
  /** Of 0104D50A:0016, which is 10.213.4.1, port 22. */
  const isOfFleet = (remote: string): boolean => {
    const bytes = (remote.slice(0, 8).match(/../gu) ?? []).reverse().map((byte) => Number.parseInt(byte, 16));
    return nodes.some(({ address }) => address === bytes.join('.'));
  };
  const sampled = async (ms: number): Promise<ReadonlySet<string>> => {
    const seen = new Set<string>();
    const end = performance.now() + ms;
    while (performance.now() < end) {
      for (const dial of dials()) seen.add(dial);
      await delay(100);
    }
    return seen;
  };

  /** What the least of all controllers needs: a login and a command as root. */
  const floor = async (): Promise<readonly number[]> => {
    const began = performance.now();
    const took: number[] = [];
    const key = readFileSync(rig.fleet.clientKey);
    await eachOf(nodes, 32, async (node) => {
      await new Promise<void>((resolve, reject) => {
        const client = new Client();
        client
          .on('error', reject)
          .on('ready', () => {
            client.exec('sudo -n true', (error, channel) => {
              if (error !== undefined) reject(error);
              else channel.on('close', () => void client.end()).resume();
            });
          })
          .on('close', resolve)
          .connect({ host: node.address, port: node.port, username: node.user, privateKey: key });
      });
      took.push(performance.now() - began);
    });
    return took;
  };

  /** Milliseconds from the moment a node could be reached to the moment it was proved current. */
  const delays = (from: number, back: ReadonlyMap<string, number>): readonly number[] =>
    [...synced(from)].flatMap(([id, [line]]) => {
      const since = back.get(id);
      return since === undefined ? [] : [Date.parse(line?.time ?? '') - since];
    });

  it('all at once: each gets the newest of three edits and none before it, and no login before a probe', async () => {
    await eachOf(nodes, 4, (node) => node.unplug());
    for (const name of ['early', 'later', 'latest']) {
      const from = lines().length;
      await edit(name);
      await until(`all are lost to ${name}`, () => lost(from).size === count);
    }
    await until('no dial of an edit is under way', async () => {
      const status = await rig.syncctl(['status', '-o', 'json']);
      return status.stdout.includes('"active": 0') && status.stdout.includes('"due": 0');
    });
    const health = await rig.syncctl(['health']);
    expect(health.stdout).toMatch(/^Network: .*all 100 nodes went silent within \d+ s/mu);
    const seconds = 4;
    const probes = (await sampled(seconds * 1_000)).size;
    expect(probes).toBeGreaterThan(count / 2);
    // What hung already when the look began, and what the defaults allow.
    expect(probes).toBeLessThanOrEqual(50 * (seconds + 2));
    const from = lines().length;
    const heard = new Map(nodes.map((node) => [node, logOf(node).length]));
    const back = new Map<string, number>();
    await eachOf(nodes, 4, async (node) => {
      await node.plug();
      back.set(idOf(node), Date.now());
    });
    await until('all are back', () => synced(from).size === count, 120_000);
    const took = delays(from, back);
    const least = await floor();
    console.log(`${spread('100 nodes return at once', took)}; ${spread('bare login and sudo', least)}`);
    for (const node of nodes) {
      expect([node.name, synced(from).get(idOf(node))?.length]).toEqual([node.name, 1]);
      const [hosts, words] = [fileOn(node, 'etc/hosts'), logOf(node).slice(heard.get(node))];
      expect([hosts.includes('latest.testcloud.local'), /early|later/u.test(hosts)]).toEqual([true, false]);
      const [first = ''] = words.split(/^(?=Connection from )/mu).filter((part) => part.startsWith('Conn'));
      expect([node.name, first.includes('Accepted publickey')]).toEqual([node.name, false]);
    }
    expect(new Set([...synced(from).values()].map(([line]) => line?.digest)).size).toBe(1);
  }, 240_000);

  it('ten of them one after the other, switched off: each gets the newest edit when it is up again', async () => {
    const some = nodes.slice(0, 10);
    const before = lines().length;
    for (const [index, node] of some.entries()) {
      await node.powerOff();
      if (index % 3 === 0) await edit(`stagger-${String(index)}`);
    }
    await until('the ten are lost', () => some.every((node) => lost(before).has(idOf(node))));
    const from = lines().length;
    const back = new Map<string, number>();
    for (const node of some) {
      await node.powerOn();
      back.set(idOf(node), Date.now());
    }
    await until('the ten are back', () => some.every((node) => synced(from).has(idOf(node))), 120_000);
    console.log(spread('10 nodes come up one after the other', delays(from, back)));
    for (const node of some) {
      expect([node.name, synced(from).get(idOf(node))?.length]).toEqual([node.name, 1]);
      expect(fileOn(node, 'etc/hosts')).toContain('stagger-9.testcloud.local');
    }
  }, 240_000);
});
