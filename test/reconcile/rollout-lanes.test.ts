import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/model/bundle.ts';
import type { LanePolicy } from '../../src/model/rollout.ts';
import { bytesOf, withBytes } from '../../src/reconcile/rendered-file.ts';
import { rolloutReport } from '../../src/reconcile/rollout-report.ts';
import { idOf, off, oneByOne, worldOf as at, type World } from './rollout-rig.ts';

const { onFailure: _, ...common } = off;
const lane = (changes: Partial<LanePolicy>): LanePolicy => ({ ...common, ...changes });

describe('a policy of a node type', () => {
  // Capitals are VPS: they go one by one, all others at once.
  const vpsByOne = { ...off, types: { vps_nodes: lane({ batches: [{ count: 1 }] }) } };

  it('goes beside the others, which are not held up by it', async () => {
    const world = await at('a b A B C', vpsByOne);
    await world.edit('base', 'x');
    expect(world.disk.kept?.batches.map((batch) => batch.length)).toEqual([3, 1, 1]);
    expect([world.shown, world.phase]).toEqual(['a:base,x b:base,x A:base,x B:base,x C:base,x', 'done']);
  });

  it('is judged by its own nodes: verified hosts are no proof for a VPS that is silent', async () => {
    const world = await at('a b A B', vpsByOne);
    world.node('A').offline = true;
    world.node('B').offline = true;
    await world.edit('base', 'x');
    await world.settle(60_000);
    expect([world.shown, world.phase]).toEqual(['a:base,x b:base,x A:base B:base', 'running']);
    expect(world.process.rollout.step()).toMatchObject({ kind: 'wait', on: 'proof' });
  });

  it('has a budget of its own, and stops the whole rollout where that is broken', async () => {
    const world = await at('a b A B', { ...vpsByOne, maxFailed: { count: 2 } });
    world.node('A').refuses.set('broken', 'restored');
    await world.edit('base', 'broken');
    await world.settle(60_000);
    expect([world.shown, world.phase]).toEqual(['a:base b:base A:base B:base', 'rolled-back']);
    expect(world.disk.kept?.note).toMatch(/1 of 1 nodes of vps_nodes failed, 0 may/u);
  });

  it('does not stop for failures that the others may have', async () => {
    const world = await at('a b A B', { ...vpsByOne, maxFailed: { count: 1 } });
    world.node('b').refuses.set('x', 'restored');
    await world.edit('base', 'x');
    await world.settle(60_000);
    expect([world.shown, world.phase]).toEqual(['a:base,x b:base,x A:base,x B:base,x', 'done']);
  });

  it('is watched for the longest time that a type of the batch asks for', async () => {
    const soaking = { ...off, types: { vps_nodes: lane({ batches: [{ count: 1 }], soakMs: 60_000 }) } };
    const world = await at('a A B', soaking);
    await world.edit('base', 'x');
    await world.settle(59_000);
    expect(world.shown).toBe('a:base,x A:base,x B:base');
    await world.settle(2_000);
    expect(world.shown).toBe('a:base,x A:base,x B:base,x');
  });

  it('is shown lane by lane', async () => {
    const world = await at('a A B', vpsByOne);
    await world.edit('base', 'x');
    expect(rolloutReport(world.process.rollout)?.policy).toMatchObject([
      { nodes: 'others', batches: [] },
      { nodes: 'vps_nodes', batches: ['1'], maxFailed: '0' },
    ]);
  });
});

describe('a node that failed already', () => {
  /** A world in which a node fails with what it has, before anything new comes. */
  const ailing = async (names: string, policy = oneByOne): Promise<World> => {
    const world = await at(names, policy);
    world.node('a').refuses.set('base', 'not_resolving');
    world.process.pushAll('look');
    await world.settle(3_600_000);
    expect(world.process.ledger.get(idOf('a'))).toMatchObject({ state: 'error', cause: 'not_resolving' });
    return world;
  };

  it('does not pin a good revision, and has a line of its own', async () => {
    const world = await ailing('a b c');
    await world.edit('base', 'x');
    await world.settle(60_000);
    expect([world.shown, world.phase]).toEqual(['a:base,x b:base,x c:base,x', 'done']);
    expect(world.disk.kept?.ailing).toEqual({ [idOf('a')]: 'not_resolving' });
    expect(rolloutReport(world.process.rollout)).toMatchObject({
      failed: [],
      ailing: [{ name: 'a', evidence: 'not_resolving: seen' }],
    });
  });

  it('comes last and proves nothing: a bad revision is stopped by those that were well', async () => {
    const world = await ailing('a b c');
    world.node('b').refuses.set('broken', 'restored');
    await world.edit('base', 'broken');
    await world.settle(60_000);
    expect([world.shown, world.phase]).toEqual(['a:base b:base c:base', 'rolled-back']);
    expect(world.node('a').installed).toEqual(['base']);
  });

  it('that fails in another way now counts as failed', async () => {
    const world = await ailing('a b');
    world.node('a').refuses.delete('base');
    world.node('a').refuses.set('broken', 'restored');
    await world.edit('base', 'broken');
    await world.settle(60_000);
    expect([world.shown, world.phase]).toEqual(['a:base b:base', 'rolled-back']);
  });

  it('as a named canary makes the rollout wait instead of pinning, also after a restart, until it is mended', async () => {
    const world = await ailing('a b', { ...oneByOne, canaries: { names: ['a'], labels: [] } });
    await world.edit('base', 'x');
    await world.settle(60_000);
    expect([world.shown, world.phase]).toEqual(['a:base,x b:base', 'running']);
    expect(world.process.rollout.step()).toEqual({ kind: 'wait', on: 'canary', nodes: [idOf('a')] });
    await world.kill();
    await world.start();
    await world.settle(60_000);
    expect(world.process.rollout.step()).toEqual({ kind: 'wait', on: 'canary', nodes: [idOf('a')] });
    world.node('a').refuses.delete('base');
    world.process.pushAll('look');
    await world.settle(60_000);
    expect([world.shown, world.phase]).toEqual(['a:base,x b:base,x', 'done']);
  });

  it("by the revision before, which was not undone, is that one's doing", async () => {
    const world = await at('a b c', { ...oneByOne, onFailure: 'hold' });
    world.node('a').refuses.set('broken', 'restored');
    await world.edit('base', 'broken');
    await world.edit('base', 'broken', 'more');
    await world.settle(60_000);
    expect([world.shown, world.phase]).toEqual(['a:base,broken,more b:base c:base', 'held']);
  });
});

describe('another release that renders other bytes of the same registries', () => {
  /** Kills the process, and makes what is kept look as if an older release had rendered it. */
  const asIfOlder = async (world: World): Promise<void> => {
    await world.kill();
    const { bytes } = world.disk;
    if (bytes === undefined) throw new Error('nothing is kept of what was rendered');
    world.disk.bytes = {
      revision: bytes.revision,
      nodes: new Map(
        [...bytes.nodes].map(([id, bundles]) => [
          id,
          bundles.map((bundle) => ({ ...bundle, names: ['old.local'], digest: digestOf('old') })),
        ]),
      ),
    };
    for (const node of world.nodes.values()) node.holds = 'old';
  };
  const started = async (): Promise<World> => {
    const world = await at('a b c', { ...oneByOne, soakMs: 60_000 });
    // The policy counts from here on: what is in force is kept.
    await world.process.replan();
    return world;
  };

  it('goes through the batches, too', async () => {
    const world = await started();
    await asIfOlder(world);
    await world.start();
    expect([world.shown, world.phase]).toEqual(['a:base b:old c:old', 'running']);
    expect(world.disk.kept).toMatchObject({
      who: 'sync-controller',
      note: expect.stringMatching(/release/u) as string,
    });
    await world.settle(600_000);
    expect([world.shown, world.phase]).toEqual(['a:base b:base c:base', 'done']);
    await world.kill();
    await world.start();
    expect(world.disk.kept?.number).toBe(1);
  });

  it('is taken back to the bytes of the older one where the canary fails', async () => {
    const world = await started();
    await asIfOlder(world);
    world.node('a').refuses.set('base', 'restored');
    await world.start();
    await world.settle(60_000);
    expect([world.shown, world.phase]).toEqual(['a:old b:old c:old', 'rolled-back']);
    await world.kill();
    await world.start();
    await world.settle(60_000);
    expect([world.shown, world.phase]).toEqual(['a:old b:old c:old', 'rolled-back']);
  });

  it('does not end the pin of a bad revision', async () => {
    const world = await started();
    world.node('a').refuses.set('broken', 'restored');
    await world.edit('base', 'broken');
    await world.settle(60_000);
    expect(world.phase).toBe('rolled-back');
    await asIfOlder(world);
    const { kept } = world.disk;
    world.disk.kept = kept === undefined ? undefined : { ...kept, content: 'what the older release made' };
    await world.start();
    await world.settle(60_000);
    expect([world.shown, world.phase]).toEqual(['a:old b:old c:old', 'rolled-back']);
  });

  it('that renders the same begins nothing', async () => {
    const world = await started();
    await world.kill();
    await world.start();
    await world.settle(60_000);
    expect(world.disk.kept).toBeUndefined();
  });

  it('is held against nothing where the policy was off in between', async () => {
    const world = await started();
    world.policy = off;
    await world.edit('base', 'x');
    expect(world.disk.bytes).toBeUndefined();
  });

  it('finds nothing for a revision whose bytes are not kept', async () => {
    const world = await started();
    const plan = world.process.fleet.current();
    if (plan === undefined) throw new Error('nothing is planned');
    expect(withBytes(plan, { ...bytesOf(plan), revision: 'another' })).toBe(plan);
  });
});
