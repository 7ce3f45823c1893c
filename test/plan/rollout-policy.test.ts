import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nodeId, type Node, type NodeType } from '../../src/model/node.ts';
import type { RolloutPolicy } from '../../src/model/rollout.ts';
import { parseShare, shareText } from '../../src/model/share.ts';
import {
  batchesOf,
  batchSizes,
  isGradual,
  rolloutOrder,
  shareOf,
  unknownCanaries,
} from '../../src/plan/rollout-policy.ts';

export function nodeAt(type: NodeType, name: string, labels: Record<string, string> = {}): Node {
  return {
    id: nodeId(type, name),
    type,
    address: name,
    name,
    sshUser: 'node',
    sshPort: undefined,
    hostKeys: [],
    labels,
    publicDomain: undefined,
    repoPath: undefined,
    recorded: { status: undefined, lastSync: undefined, lastAttempt: undefined, lastError: undefined },
  };
}

const off: RolloutPolicy = {
  batches: [],
  canaries: { names: [], labels: [] },
  maxFailed: { count: 0 },
  maxUnreachable: { percent: 100 },
  onFailure: 'rollback',
  soakMs: 0,
};
const laptops = ['la', 'lb'].map((name) => nodeAt('management_laptops', name));
const vps = ['va', 'vb', 'vc'].map((name) => nodeAt('vps_nodes', name, { rollout: `first-${name}` }));
const fleet = [...laptops, ...vps];
const names = (ids: readonly string[]): string[] => ids.map((id) => id.split('@')[1] ?? '');

describe('a share in the grammar of serial', () => {
  it.each([
    [1, { count: 1 }],
    ['3', { count: 3 }],
    ['25%', { percent: 25 }],
    ['12.5%', { percent: 12.5 }],
    ['100%', { percent: 100 }],
  ])('%j is read', (entry, share) => {
    expect(parseShare(entry)).toEqual(share);
  });

  it.each([
    [0],
    [-1],
    [1.5],
    ['0%'],
    ['101%'],
    ['%'],
    ['25 %'],
    ['all'],
    [''],
    [null],
    [true],
    [['1']],
    [1e9],
  ])('%j is refused', (entry) => {
    expect(parseShare(entry)).toBeUndefined();
  });

  it('may be none where it is a budget', () => {
    expect([parseShare(0, 0), parseShare('0%', 0)]).toEqual([{ count: 0 }, { percent: 0 }]);
    expect(shareOf({ percent: 10 }, 5, 0)).toBe(0);
  });

  it('is read back from its text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.record({ count: fc.integer({ min: 1, max: 100_000 }) }),
          fc.record({ percent: fc.integer({ min: 1, max: 100 }) }),
        ),
        (share) => {
          expect(parseShare(shareText(share))).toEqual(share);
        },
      ),
    );
  });
});

describe('the sizes of batches', () => {
  const sizes = (entries: unknown[], total: number): readonly number[] =>
    batchSizes(
      entries.map((entry) => parseShare(entry) ?? { count: 0 }),
      total,
    );

  it.each([
    [[1, '25%', '100%'], 10, [1, 2, 7]],
    [[1, 5], 12, [1, 5, 5, 1]],
    [['30%'], 10, [3, 3, 3, 1]],
    [['10%'], 3, [1, 1, 1]],
    [[20], 3, [3]],
    [[], 4, [4]],
    [[1, '25%', '100%'], 1, [1]],
    [['33.333%'], 3, [1, 1, 1]],
    [[1], 0, []],
  ])('of %j over %i nodes are %j', (entries, total, expected) => {
    expect(sizes(entries, total)).toEqual(expected);
  });

  it('are never none and add up to all nodes, whatever the entries', () => {
    const entry = fc.oneof(
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 100 }).map((n) => `${String(n)}%`),
    );
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 5 }), fc.integer({ min: 0, max: 300 }), (entries, total) => {
        const found = sizes(entries, total);
        expect(found.every((size) => size >= 1)).toBe(true);
        expect(found.reduce((sum, size) => sum + size, 0)).toBe(total);
      }),
    );
  });
});

describe('the order of a rollout', () => {
  it('takes the types in turns, as the registry lists them', () => {
    expect(names(rolloutOrder(fleet, off.canaries, new Set()))).toEqual(['la', 'va', 'lb', 'vb', 'vc']);
  });

  it('begins with the canaries, by name, address, id or label', () => {
    const canaries = { names: ['vb'], labels: ['rollout=first-vc', 'rollout=nobody'] };
    expect(names(rolloutOrder(fleet, canaries, new Set()))).toEqual(['vb', 'vc', 'la', 'va', 'lb']);
    expect(unknownCanaries(fleet, { canaries: { ...canaries, names: ['vb', 'vx'] } })).toEqual([
      'vx',
      'rollout=nobody',
    ]);
  });

  it('ends with the nodes that are away, but for a canary, which a person has chosen', () => {
    const away = new Set([fleet[0]?.id, fleet[2]?.id, fleet[3]?.id].filter((id) => id !== undefined));
    const order = rolloutOrder(fleet, { names: ['va'], labels: [] }, away);
    expect(names(order)).toEqual(['va', 'lb', 'vc', 'la', 'vb']);
  });

  it('holds every node once, and is the same for the same fleet', () => {
    const ids = fc.uniqueArray(fc.integer({ min: 0, max: 60 }), { maxLength: 40 });
    fc.assert(
      fc.property(ids, ids, (chosen, gone) => {
        const nodes = chosen.map((n) => nodeAt(n % 3 === 0 ? 'vps_nodes' : 'worker_nodes', `n${String(n)}`));
        const away = new Set(nodes.filter((_, index) => gone.includes(index)).map((node) => node.id));
        const policy = { ...off, batches: [{ count: 1 }, { percent: 25 }] };
        const batches = batchesOf(nodes, policy, away);
        expect(batches.flat().toSorted()).toEqual(nodes.map((node) => node.id).toSorted());
        expect(batchesOf(nodes, policy, away)).toEqual(batches);
      }),
    );
  });
});

describe('the batches of a policy', () => {
  it('are one of all nodes where there is no policy', () => {
    expect([isGradual(off), batchesOf(fleet, off, new Set()).length]).toEqual([false, 1]);
  });

  it('are the canaries and then everything else where only canaries are named', () => {
    const policy = { ...off, canaries: { names: ['lb', 'vc'], labels: [] } };
    expect(isGradual(policy)).toBe(true);
    expect(batchesOf(fleet, policy, new Set()).map(names)).toEqual([
      ['lb', 'vc'],
      ['la', 'va', 'vb'],
    ]);
  });

  it('are cut as the batches say, canaries first, where both are given', () => {
    const policy = {
      ...off,
      batches: [{ count: 1 }, { percent: 40 }],
      canaries: { names: ['lb', 'vc'], labels: [] },
    };
    expect(batchesOf(fleet, policy, new Set()).map(names)).toEqual([['lb'], ['vc', 'la'], ['va', 'vb']]);
  });
});
