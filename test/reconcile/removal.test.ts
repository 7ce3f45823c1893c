import { describe, expect, it } from 'vitest';
import { silentLogger } from '../../src/lib/logger.ts';
import type { Node, NodeId } from '../../src/model/node.ts';
import { Fleet } from '../../src/reconcile/fleet.ts';
import { Removal, type Claim } from '../../src/reconcile/removal.ts';
import type { Tombstone } from '../../src/store/records.ts';
import { defaultGuardLimits } from '../../src/plan/guard-types.ts';
import { snapshotOf, vps } from '../plan/registry-of.ts';
import { ManualClock } from '../support/manual-clock.ts';

const signal = new AbortController().signal;
const before = snapshotOf({});
const without = snapshotOf({ registry: { management_laptops: [], vps_nodes: [] } });
const node = [...before.nodes.values()].find(({ address }) => address === vps.ip)!;

async function fleetOf(): Promise<Fleet> {
  const fleet = new Fleet({
    keeper: { load: () => Promise.resolve(undefined), save: () => Promise.resolve() },
    approvals: { all: () => new Set(), spend: () => Promise.resolve() },
    limits: defaultGuardLimits,
  });
  await fleet.update(before, 'cluster-0001');
  return fleet;
}

describe('the fleet during a removal', () => {
  it('plans nothing for the node, and calls it no orphan however often it plans meanwhile', async () => {
    const fleet = await fleetOf();
    fleet.beginRemoval(node.id);
    expect(fleet.planOf(node.id)).toBeUndefined();
    // The routes are written before the row: the node is seen once more in between.
    await fleet.update(before, 'cluster-0001');
    expect(fleet.planOf(node.id)).toBeUndefined();
    await fleet.update(without, 'cluster-0001');
    fleet.endRemoval(node.id, true);
    expect([...fleet.orphans().keys()]).not.toContain(node.id);
  });

  it('forgets the node also where the registries cannot be read again', async () => {
    const fleet = await fleetOf();
    fleet.beginRemoval(node.id);
    fleet.endRemoval(node.id, true);
    expect(fleet.planOf(node.id)).toBeUndefined();
  });

  it('has the node back when the removal breaks off, an orphan included', async () => {
    const fleet = await fleetOf();
    fleet.beginRemoval(node.id);
    fleet.endRemoval(node.id, false);
    expect(fleet.planOf(node.id)?.node).toEqual(node);
    await fleet.update(without, 'cluster-0001');
    expect([...fleet.orphans().keys()]).toContain(node.id);
  });
});

/** The end of nodes over a registry in memory; no node is ever reached. */
function rig() {
  const stones: Tombstone[] = [
    {
      node: node.id,
      address: node.address,
      row: JSON.stringify(node),
      pins: [],
      targets: [],
      at: '2026-01-01T00:00:00Z',
      state: 'pending',
    },
  ];
  const edits: string[] = [];
  const removal = new Removal({
    source: {
      edit: (_object: string, _key: string, edit: (text: string | undefined) => string | undefined) => {
        edits.push(edit(undefined) ?? '');
        return Promise.resolve('2');
      },
      read: () => Promise.resolve({ kind: 'unreadable', reason: 'the API server is away', remedy: 'wait' }),
      health: () => ({ location: 'somewhere' }),
    } as never,
    tombstones: {
      list: () => Promise.resolve(stones),
      bury: () => Promise.resolve(),
      settle: () => Promise.resolve(false),
      drop: (id) =>
        Promise.resolve(
          void stones.splice(
            stones.findIndex((stone) => stone.node === id),
            1,
          ),
        ),
    },
    terms: { current: () => ({}), next: () => ({}) } as never,
    transport: {} as never,
    endpointOf: () => Promise.resolve({} as never),
    memory: {} as never,
    clock: new ManualClock(),
    random: { unit: () => 0.5, hex: () => '00' },
    clusterId: 'cluster-0001',
    deadlineMs: 1_000,
    log: silentLogger,
  });
  return { removal, stones, edits };
}

describe('a removal that is pending', () => {
  it.each<[Claim, number]>([
    ['gone', 0],
    ['registered', 0],
    ['unsure', 1],
    ['underway', 1],
  ])('whose row is %s leaves %i tombstones after the next pass', async (claim, left) => {
    const { removal, stones } = rig();
    await removal.retry(() => claim, signal);
    expect(stones).toHaveLength(left);
  });

  it('withdraws nothing from a node that was registered again meanwhile', async () => {
    const { removal, stones } = rig();
    const asked: NodeId[] = [];
    stones[0] = { ...stones[0]!, targets: ['traefik-routes'] };
    // Any exchange with the node would fail here: its transport does nothing.
    await removal.retry((id) => (asked.push(id), 'registered'), signal);
    expect([asked, stones]).toEqual([[node.id], []]);
  });

  it('is called off by restoring the row as it was', async () => {
    const { removal, stones, edits } = rig();
    const row: Node = { ...node, row: '{"ip":"100.68.225.92","name":"contabo-vps","odd":1}' };
    await removal.restore(row, { who: 'ada', reason: undefined });
    expect(stones).toEqual([]);
    expect(JSON.parse(edits[0] ?? '')).toMatchObject({
      vps_nodes: [{ ip: '100.68.225.92', name: 'contabo-vps', odd: 1 }],
    });
  });
});

describe('a removal', () => {
  it('is refused before anything is done where the registries cannot be read', async () => {
    const { removal, edits } = rig();
    await expect(removal.outlook(node, before, signal)).rejects.toThrow(
      'node remove: expected readable registries at somewhere, got: the API server is away',
    );
    expect(edits).toEqual([]);
  });
});
