import { describe, expect, it } from 'vitest';
import { idOf, off, oneByOne, worldOf as at, World } from './rollout-rig.ts';

describe('kill -9', () => {
  it('between any two turns goes on where it stood, and ends in the same place', async () => {
    for (const bad of [false, true]) {
      for (let write = 0; write < 8; write += 1) {
        const world = await at('a b c d');
        if (bad) world.node('c').refuses.set('x', 'restored');
        let writes = 0;
        world.disk.gate = () => {
          writes += 1;
          return writes > write ? new Promise(() => undefined) : Promise.resolve();
        };
        void world.edit('base', 'x');
        await world.settle(60_000);
        await world.kill();
        const before = world.disk.kept?.released ?? 0;
        world.disk.gate = () => Promise.resolve();
        await world.start();
        await world.settle(60_000);
        const what = `killed at write ${String(write)}, ${bad ? 'broken' : 'good'}`;
        expect([what, world.phase], what).toEqual([what, bad ? 'rolled-back' : 'done']);
        expect([what, world.shown]).toEqual([
          what,
          bad ? 'a:base b:base c:base d:base' : 'a:base,x b:base,x c:base,x d:base,x',
        ]);
        expect(world.disk.kept?.released, what).toBeGreaterThanOrEqual(before);
        if (bad) expect([what, world.node('d').installed]).toEqual([what, ['base']]);
      }
    }
  });

  it('while the registry moves on does not lose the last good revision', async () => {
    const world = await at('a b c', { ...oneByOne, soakMs: 60_000 });
    await world.edit('base', 'x');
    await world.kill();
    world.names = ['base', 'broken'];
    world.node('a').refuses.set('broken', 'restored');
    await world.start();
    await world.settle(120_000);
    expect([world.shown, world.phase]).toEqual(['a:base b:base c:base', 'rolled-back']);
  });

  it('goes back to nothing that was read before a complete source was ever seen', async () => {
    const world = new World('a b', off);
    for (const name of ['a', 'b']) world.node(name).holds = 'old';
    world.names = [];
    world.writing = false;
    for (const name of ['a', 'b']) world.held.set(name, 'paused');
    await world.start();
    await world.kill();
    world.policy = oneByOne;
    world.writing = true;
    world.held.clear();
    world.names = ['base'];
    world.node('a').refuses.set('base', 'not_resolving');
    await world.start();
    await world.settle(60_000);
    // The names of the nodes were in no plan yet, and nobody has withdrawn them.
    expect([world.node('b').installed, world.phase]).toEqual([[], 'held']);
  });

  it('with the record lost holds everything until a person says otherwise', async () => {
    const world = await at('a b');
    world.node('a').refuses.set('broken', 'restored');
    await world.edit('base', 'broken');
    await world.kill();
    world.disk.kept = undefined;
    world.disk.lost = true;
    await world.start();
    await world.settle(60_000);
    expect(world.shown).toBe('a:base b:base');
    expect(world.process.ledger.get(idOf('b'))).toMatchObject({ cause: 'rollout_waiting' });
    expect(world.process.rollout.current()?.record).toMatchObject({ phase: 'held' });
  });
});
