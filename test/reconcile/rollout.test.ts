import { describe, expect, it } from 'vitest';
import { idOf, off, oneByOne, worldOf as at, World } from './rollout-rig.ts';

describe('a new revision', () => {
  it('goes everywhere at once where there is no policy, and nothing is kept', async () => {
    const world = await at('a b c', off);
    await world.edit('base', 'x');
    expect(world.shown).toBe('a:base,x b:base,x c:base,x');
    expect(world.disk.kept).toBeUndefined();
  });

  it('goes batch by batch, each after the receipts of the one before', async () => {
    const world = await at('a b c d', { ...off, batches: [{ count: 1 }, { percent: 50 }, { percent: 100 }] });
    const gate = Promise.withResolvers<undefined>();
    const order: string[] = [];
    world.disk.gate = async () => {
      order.push(world.shown);
      await gate.promise;
    };
    void world.edit('base', 'x');
    await world.settle();
    expect(order).toEqual(['a:base b:base c:base d:base']);
    gate.resolve(undefined);
    await world.settle();
    expect(order).toEqual([
      'a:base b:base c:base d:base',
      'a:base b:base c:base d:base',
      'a:base,x b:base c:base d:base',
      'a:base,x b:base,x c:base,x d:base',
      'a:base,x b:base,x c:base,x d:base,x',
    ]);
    expect(world.disk.log).toEqual(['running 0', 'running 1', 'running 2', 'running 3', 'done 3']);
  });

  it('begins a first start, too, where nothing of before is known: untold nodes are left as they are', async () => {
    const world = new World('a b', oneByOne);
    world.node('a').refuses.set('base', 'not_resolving');
    world.node('a').holds = 'old';
    world.node('b').holds = 'old';
    await world.start();
    await world.settle(60_000);
    expect([world.shown, world.phase]).toEqual(['a:base b:old', 'held']);
    expect(world.disk.kept?.note).toContain('no last good revision is known');
  });

  it('does not wait for nodes to which it brings nothing', async () => {
    const world = await at('a b');
    await world.edit('base', 'x');
    expect([world.phase, world.shown]).toEqual(['done', 'a:base,x b:base,x']);
    world.disk.log.length = 0;
    await world.edit('base', 'x');
    expect(world.disk.log).toEqual([]);
  });
});

describe('a bad revision', () => {
  it('is stopped by the canary, taken back from it, and pinned; nobody else has seen it', async () => {
    const world = await at('a b c');
    world.node('a').refuses.set('broken', 'not_resolving');
    await world.edit('base', 'broken');
    expect([world.shown, world.phase]).toEqual(['a:base,broken b:base c:base', 'running']);
    await world.settle(60_000);
    expect([world.shown, world.phase]).toEqual(['a:base b:base c:base', 'rolled-back']);
    expect(world.node('b').installed).toEqual(['base']);
    expect(world.disk.kept?.note).toMatch(/1 of 1 nodes failed, 0 may: a not_resolving: seen/u);
    expect(world.process.ledger.get(idOf('a'))?.state).toBe('active');
    // The hourly look, a start, another reading: it stays away.
    world.process.pushAll('look');
    await world.process.replan();
    await world.settle(7_200_000);
    await world.kill();
    await world.start();
    await world.settle(60_000);
    expect([world.shown, world.phase]).toEqual(['a:base b:base c:base', 'rolled-back']);
    expect(world.node('b').installed).toEqual(['base']);
  });

  it('is taken back from every node that has it, when a later batch fails', async () => {
    const world = await at('a b c d', { ...off, batches: [{ count: 1 }, { count: 2 }, { count: 1 }] });
    world.node('c').refuses.set('broken', 'restored');
    await world.edit('base', 'broken');
    expect([world.shown, world.phase]).toEqual(['a:base b:base c:base d:base', 'rolled-back']);
    expect(world.node('b').installed).toEqual(['base', 'base,broken', 'base']);
    expect(world.node('d').installed).toEqual(['base']);
  });

  it('is kept where it is under `hold`, and goes no further', async () => {
    const world = await at('a b c', { ...oneByOne, onFailure: 'hold' });
    world.node('b').refuses.set('broken', 'restored');
    await world.edit('base', 'broken');
    await world.settle(3_600_000);
    expect([world.shown, world.phase]).toEqual(['a:base,broken b:base,broken c:base', 'held']);
  });

  it('that moves on in the registry starts anew with the first batch', async () => {
    const world = await at('a b');
    world.node('a').refuses.set('broken', 'restored');
    await world.edit('base', 'broken');
    expect(world.phase).toBe('rolled-back');
    await world.edit('base', 'good');
    expect([world.shown, world.phase]).toEqual(['a:base,good b:base,good', 'done']);
    expect(world.disk.kept?.number).toBe(2);
  });

  it('that is reverted in the registry leaves nothing open', async () => {
    const world = await at('a b');
    world.node('a').refuses.set('broken', 'restored');
    await world.edit('base', 'broken');
    await world.edit('base');
    expect([world.shown, world.phase]).toEqual(['a:base b:base', 'superseded']);
    await world.edit('base', 'next');
    expect([world.shown, world.phase]).toEqual(['a:base,next b:base,next', 'done']);
  });

  it('whose way back fails has a state and a class of its own, until the node has its bytes back', async () => {
    const world = await at('a b');
    const a = world.node('a');
    a.refuses.set('broken', 'restored');
    a.refuses.set('base', 'consumer_down');
    await world.edit('base', 'broken');
    await world.settle(60_000);
    expect(world.phase).toBe('rollback-failed');
    expect(world.process.ledger.get(idOf('a'))).toMatchObject({
      state: 'error',
      cause: 'rollback_failed',
      evidence: 'consumer_down: seen',
    });
    a.refuses.delete('base');
    world.process.pushAll('look');
    await world.settle(60_000);
    expect([world.phase, world.process.ledger.get(idOf('a'))?.state]).toEqual(['rolled-back', 'active']);
  });
});

describe('nodes that cannot be reached', () => {
  it('never stop a rollout, and get the right revision when they return', async () => {
    const world = await at('a b c');
    world.node('b').offline = true;
    await world.edit('base', 'x');
    await world.settle(60_000);
    expect([world.shown, world.phase]).toEqual(['a:base,x b:base c:base,x', 'done']);
    world.process.returned('b');
    await world.settle(1_000);
    expect(world.shown).toBe('a:base,x b:base,x c:base,x');
  });

  it('that return after a stop get the last good revision, and no byte of the bad one', async () => {
    const world = await at('a b c', { ...oneByOne, maxFailed: { count: 0 } });
    world.node('b').offline = true;
    world.node('c').refuses.set('broken', 'restored');
    await world.edit('base', 'broken');
    await world.settle(60_000);
    expect([world.shown, world.phase]).toEqual(['a:base b:base c:base', 'rolled-back']);
    world.process.returned('b');
    await world.settle(60_000);
    expect(world.node('b').installed).toEqual(['base']);
  });

  it('that lose the connection with the bad revision on them have it taken back when they return', async () => {
    const world = await at('a b c', { ...off, batches: [{ count: 2 }] });
    world.node('b').refuses.set('broken', 'not_resolving');
    await world.edit('base', 'broken');
    world.node('a').offline = true;
    await world.settle(60_000);
    expect([world.shown, world.phase]).toEqual(['a:base,broken b:base c:base', 'rolled-back']);
    world.process.returned('a');
    await world.settle(1_000);
    expect(world.shown).toBe('a:base b:base c:base');
  });

  it('over their budget make it wait, and go on when they are back', async () => {
    const world = await at('a b c', { ...oneByOne, maxUnreachable: { count: 0 } });
    world.node('a').offline = true;
    await world.edit('base', 'x');
    await world.settle(60_000);
    expect([world.shown, world.phase]).toEqual(['a:base b:base c:base', 'running']);
    expect(world.process.rollout.step()).toMatchObject({ kind: 'wait', on: 'unreachable' });
    world.process.returned('a');
    await world.settle(60_000);
    expect([world.shown, world.phase]).toEqual(['a:base,x b:base,x c:base,x', 'done']);
  });

  it('leave the first proof to the next node of the order', async () => {
    const world = await at('a b c d');
    world.node('a').offline = true;
    world.node('b').refuses.set('broken', 'restored');
    await world.edit('base', 'broken');
    await world.settle(60_000);
    expect([world.shown, world.phase]).toEqual(['a:base b:base c:base d:base', 'rolled-back']);
  });

  it('all of them at once are no consent: the rollout waits for an answer', async () => {
    const world = await at('a b c d e f');
    for (const node of world.nodes.values()) node.offline = true;
    await world.edit('base', 'x');
    await world.settle(600_000);
    expect(world.disk.kept?.batches[0]?.length).toBeLessThanOrEqual(4);
    expect(world.process.rollout.step()).toMatchObject({ kind: 'wait', on: 'proof' });
    for (const name of world.nodes.keys()) world.process.returned(name);
    await world.settle(60_000);
    expect(world.phase).toBe('done');
    expect(world.shown).toBe('a:base,x b:base,x c:base,x d:base,x e:base,x f:base,x');
  });
});

describe('a registry that moves on during a rollout', () => {
  it('starts the new revision at the first batch; nodes keep what they have until their turn', async () => {
    const world = await at('a b c d', { ...oneByOne, soakMs: 60_000 });
    await world.edit('base', 'x');
    await world.settle(60_000);
    expect(world.shown).toBe('a:base,x b:base,x c:base d:base');
    await world.edit('base', 'y');
    expect(world.shown).toBe('a:base,y b:base,x c:base d:base');
    expect(world.process.ledger.get(idOf('b'))).toMatchObject({
      state: 'pending_sync',
      cause: 'rollout_waiting',
    });
    await world.settle(600_000);
    expect([world.shown, world.phase]).toEqual(['a:base,y b:base,y c:base,y d:base,y', 'done']);
    for (const node of world.nodes.values()) expect(node.installed.includes('base,y,x')).toBe(false);
  });

  it('takes back from all nodes that either revision has reached, when the new one fails', async () => {
    const world = await at('a b c d', { ...oneByOne, soakMs: 60_000 });
    await world.edit('base', 'x');
    await world.settle(60_000);
    world.node('a').refuses.set('broken', 'restored');
    await world.edit('base', 'broken');
    await world.settle(60_000);
    expect([world.shown, world.phase]).toEqual(['a:base b:base c:base d:base', 'rolled-back']);
  });

  it('keeps the last good revision that was verified everywhere, through any number of edits', async () => {
    const world = await at('a b c', { ...oneByOne, soakMs: 60_000 });
    for (const name of ['p', 'q', 'r']) await world.edit('base', name);
    world.node('a').refuses.set('broken', 'restored');
    await world.edit('base', 'broken');
    await world.settle(60_000);
    expect([world.shown, world.phase]).toEqual(['a:base b:base c:base', 'rolled-back']);
  });
});

describe('a node that a person keeps out', () => {
  it('is passed over, and holds what it held', async () => {
    const world = await at('a b c');
    world.held.set('b', 'paused');
    await world.edit('base', 'x');
    await world.settle(60_000);
    expect([world.shown, world.phase]).toEqual(['a:base,x b:base c:base,x', 'done']);
  });

  it('with the whole controller paused nothing moves at all', async () => {
    const world = await at('a b');
    world.writing = false;
    for (const name of ['a', 'b']) world.held.set(name, 'paused');
    await world.edit('base', 'x');
    await world.settle(60_000);
    expect([world.shown, world.phase, world.disk.kept?.released]).toEqual(['a:base b:base', 'running', 1]);
    world.writing = true;
    world.held.clear();
    world.process.pushAll();
    await world.settle(60_000);
    expect([world.shown, world.phase]).toEqual(['a:base,x b:base,x', 'done']);
  });
});

describe('the soak', () => {
  it('lets the next batch in only after its time, and after one more look at the nodes', async () => {
    const world = await at('a b', { ...oneByOne, soakMs: 60_000 });
    await world.edit('base', 'x');
    await world.settle(59_000);
    expect(world.shown).toBe('a:base,x b:base');
    await world.settle(2_000);
    expect(world.shown).toBe('a:base,x b:base,x');
  });

  it('finds what breaks a while later', async () => {
    const world = await at('a b', { ...oneByOne, soakMs: 60_000 });
    await world.edit('base', 'broken');
    world.node('a').refuses.set('broken', 'restored');
    await world.settle(120_000);
    expect([world.shown, world.phase]).toEqual(['a:base b:base', 'rolled-back']);
  });
});

describe('a policy', () => {
  it('that is changed counts from the next rollout on', async () => {
    const world = await at('a b c', { ...oneByOne, soakMs: 60_000 });
    await world.edit('base', 'x');
    world.policy = off;
    await world.settle(59_000);
    expect(world.shown).toBe('a:base,x b:base c:base');
    await world.edit('base', 'y');
    expect([world.shown, world.phase]).toEqual(['a:base,y b:base,y c:base,y', 'superseded']);
  });
});
