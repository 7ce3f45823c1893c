import { describe, expect, it } from 'vitest';
import type { Bundle, TargetKind } from '../../src/model/bundle.ts';
import type { Node } from '../../src/model/node.ts';
import type { Snapshot } from '../../src/model/snapshot.ts';
import { planFleet } from '../../src/plan/plan-fleet.ts';
import { laptop, snapshotOf, vps } from '../plan/registry-of.ts';
import { expectAsPlanned } from '../plan/reread.ts';
import { dice, hostileRoute, hostileRow, hostileService, type HostileEntry } from './hostile.ts';

// All of the million by `make fuzz`; the seed makes a find repeatable.
const entries = Number(process.env['SYNC_FUZZ_ENTRIES'] ?? 20_000);
const seed = Number(process.env['SYNC_FUZZ_SEED'] ?? 1);
const batch = 250;

/** A batch as one registry; of entries with one key only the last stays, as in JSON. */
function batchOf(roll: () => number, number: number): readonly HostileEntry[] {
  const byKey = new Map<string, HostileEntry>();
  for (let index = 0; index < batch; index++) {
    const entry = hostileService(roll, number * batch + index);
    byKey.set(entry.key, entry);
  }
  return [...byKey.values()];
}

/** JSON that carries what an object literal cannot: a `__proto__` key as data. */
function json(list: readonly HostileEntry[]): string {
  return `{${list.map(({ key, value }) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`;
}

/** A node of every type; the edges have one address, so that a route names them all. */
const registry = {
  management_laptops: [laptop],
  vps_nodes: [vps],
  worker_nodes: [],
  dnsmasq_nodes: [laptop],
  caddy_nodes: [vps],
};

/** What every kind of target gets of a snapshot; none of it may say anything but what was planned. */
function bundlesOf(snapshot: Snapshot): Readonly<Record<TargetKind, Bundle>> {
  const bundles = [...planFleet(snapshot, 'cluster-0001', []).nodes.values()].flatMap((node) => node.bundles);
  for (const bundle of bundles) expectAsPlanned(bundle);
  const of = (kind: TargetKind): Bundle => {
    const found = bundles.find((bundle) => bundle.kind === kind);
    if (found === undefined) throw new Error(`the kind ${kind} was not rendered`);
    return found;
  };
  return {
    hosts: of('hosts'),
    'traefik-routes': of('traefik-routes'),
    'dnsmasq-hosts': of('dnsmasq-hosts'),
    'caddy-routes': of('caddy-routes'),
  };
}

describe(`hostile registry entries (${String(entries)}, seed ${String(seed)})`, () => {
  it('come to exactly the names of the sound ones among them, and to bytes that re-parse to exactly those', () => {
    const roll = dice(seed);
    for (let number = 0; number * batch < entries; number++) {
      const list = batchOf(roll, number);
      const good = list.flatMap((entry) => entry.good ?? []);
      const bundles = bundlesOf(snapshotOf({ services: json(list), registry }));
      const internal = good.map(({ subdomain, ip }) => `${ip}\t${subdomain}.minicloud.local`).sort();
      const wanted = good
        .filter((entry) => entry.public)
        .map((entry) => `${entry.subdomain}.curiios.com`)
        .sort();
      for (const kind of ['hosts', 'dnsmasq-hosts'] as const) {
        const lines = bundles[kind].bytes.split('\n').filter((line) => line.includes('\t'));
        expect(lines.sort()).toEqual(internal);
      }
      for (const kind of ['traefik-routes', 'caddy-routes'] as const)
        expect([...bundles[kind].names].sort()).toEqual(wanted);
    }
  }, 3_600_000);

  it('leave only node rows that are safe to connect with', () => {
    const roll = dice(seed + 1);
    const safe = (node: Node): boolean =>
      /^[0-9a-f.:]+$/.test(node.address) &&
      /^[a-z_][a-z0-9_.-]{0,31}$/.test(node.sshUser) &&
      /^[A-Za-z0-9][A-Za-z0-9._:-]*$/.test(node.name) &&
      (node.repoPath === undefined || /^[~/][A-Za-z0-9._/@+-]*$/.test(node.repoPath)) &&
      /^[a-z_]+@[0-9a-f.:]{1,90}$/.test(node.id);
    for (let number = 0; number * batch < entries; number++) {
      const rows = Array.from({ length: batch }, (_, index) => hostileRow(roll, number * batch + index));
      const { nodes } = snapshotOf({
        registry: { management_laptops: rows.map(({ row }) => row), vps_nodes: [], worker_nodes: [] },
      });
      expect([...nodes.values()].filter((node) => !safe(node))).toEqual([]);
      expect([...nodes.values()].map((node) => node.address)).toEqual(
        rows.flatMap(({ row, good }) => (good ? [(row as { ip: string }).ip] : [])),
      );
    }
  }, 3_600_000);

  it('never make routing that renders anything but what sound entries ask for', () => {
    const roll = dice(seed + 2);
    const sound = { domains: ['curiios.com'], vps_nodes: [vps.ip] };
    for (let number = 0; number * batch * 4 < entries; number++) {
      const services = Array.from({ length: 40 }, (_, index) => ({
        ...hostileService(roll, index),
        index,
      })).filter((entry) => entry.good !== undefined);
      const routing = Object.fromEntries(
        services.map((entry, at) => [entry.key, at % 2 === 0 ? sound : hostileRoute(roll)]),
      );
      const bundles = bundlesOf(snapshotOf({ services: json(services), routing, registry }));
      const wanted = services.flatMap(({ good }, at) =>
        good?.public === true && at % 2 === 0 ? [`${good.subdomain}.curiios.com`] : [],
      );
      wanted.sort();
      for (const kind of ['traefik-routes', 'caddy-routes'] as const)
        expect([...bundles[kind].names].sort()).toEqual(wanted);
    }
  }, 3_600_000);
});
