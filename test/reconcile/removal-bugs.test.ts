import { describe, expect, it } from 'vitest';
import { silentLogger } from '../../src/lib/logger.ts';
import { planFleet } from '../../src/plan/plan-fleet.ts';
import { outlookOf } from '../../src/reconcile/removal-report.ts';
import { Removal } from '../../src/reconcile/removal.ts';
import type { Tombstone } from '../../src/store/records.ts';
import { laptop, objectsOf, snapshotOf, vps } from '../plan/registry-of.ts';
import { ManualClock } from '../support/manual-clock.ts';

const never = (what: string) => (): never => {
  throw new Error(`${what} is not part of this test`);
};

/** A registry in memory, and the end of nodes over it; no node is reached. */
function rig(text: string) {
  const stones: Tombstone[] = [];
  let registry = text;
  const removal = new Removal({
    source: {
      kind: 'directory',
      edit: (_object: string, key: string, edit: (text: string | undefined) => string | undefined) => {
        const after = edit(key === 'registry.json' ? registry : undefined);
        registry = after ?? registry;
        return Promise.resolve(after === undefined ? undefined : '2');
      },
    } as never,
    tombstones: {
      list: () => Promise.resolve(stones),
      bury: (stone) => Promise.resolve(void stones.push(stone)),
      settle: () => Promise.resolve(false),
      drop: (node) =>
        Promise.resolve(
          void stones.splice(
            stones.findIndex((stone) => stone.node === node),
            1,
          ),
        ),
    },
    terms: { current: never('a term') } as never,
    transport: { exchange: never('the way to a node') } as never,
    endpointOf: never('an endpoint'),
    memory: {} as never,
    clock: new ManualClock(),
    random: { unit: () => 0.5, hex: () => '00' },
    clusterId: 'cluster-0001',
    deadlineMs: 1_000,
    log: silentLogger,
  });
  return { removal, registry: () => registry };
}

describe('bugs of the predecessor in removing nodes', () => {
  it('B49: a VPS that is given up leaves the registry that is pushed from, and is pushed to no more', async () => {
    const text = JSON.stringify(
      { management_laptops: [laptop], vps_nodes: [vps], worker_nodes: [] },
      undefined,
      2,
    );
    const [gone] = [...snapshotOf({ registry: text }).nodes.values()].filter(
      (node) => node.address === vps.ip,
    );
    const { removal, registry } = rig(text);
    const outlook = outlookOf(gone!, objectsOf({ registry: text }), snapshotOf({ registry: text }));
    const actor = { who: 'ada', reason: undefined };
    const deed = { node: gone!, kinds: ['traefik-routes'], outlook, abandon: true, actor } as const;
    const report = await removal.remove(deed, new AbortController().signal);
    expect(report.result).toBe('abandoned');
    const plan = planFleet(snapshotOf({ registry: registry() }), 'cluster-0001', []);
    expect([...plan.nodes.keys()]).toEqual([`management_laptops@${laptop.ip}`]);
  });
});
