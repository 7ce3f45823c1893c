import { describe, expect, it } from 'vitest';
import { ControllerDouble, status } from './controller-double.ts';
import { demo } from './registry-folder.ts';
import { site, type Site } from './support.ts';

async function withController(
  controller: ControllerDouble,
  ask?: (question: string) => Promise<string>,
): Promise<Site> {
  const made = await site(demo, { openController: () => Promise.resolve(controller), ask });
  controller.state = { ...controller.state, daemon: false };
  return made;
}

describe('the commands on the controller itself', () => {
  it('status exits 0 while the controller may write and 1 while it is held back', async () => {
    const controller = new ControllerDouble();
    const { run } = await withController(controller);
    const good = await run('status');
    expect(good.code).toBe(0);
    expect(good.out).toContain('Term:          epoch 7, writer a1b2c3d4\n');
    controller.state = status({ daemon: false, standing: 'rival', standingReason: 'writer b in epoch 9' });
    const held = await run('status');
    expect(held.code).toBe(1);
    expect(held.out).toContain('rival: writer b in epoch 9');
  });

  it('approve lets a withheld removal go, and exits 66 where there is none', async () => {
    const controller = new ControllerDouble();
    controller.held.add('abc123def456');
    const { run } = await withController(controller);
    expect((await run('approve', 'abc123def456')).code).toBe(0);
    expect((await run('approve', 'abc123def457')).code).toBe(66);
    expect((await run('approve', 'all')).code).toBe(64);
  });

  it('pause needs a reason and carries it; resume ends it', async () => {
    const controller = new ControllerDouble();
    const { run } = await withController(controller);
    await run('pause', '--all', '--reason', 'moving');
    await run('pause', 'contabo-vps', '--reason', 'kernel');
    await run('resume');
    expect(
      controller.asked.filter(({ what }) => what !== 'status').map(({ what, with: given }) => [what, given]),
    ).toEqual([
      ['pause', { node: undefined, actor: { who: 'ada', reason: 'moving' } }],
      ['pause', { node: 'contabo-vps', actor: { who: 'ada', reason: 'kernel' } }],
      ['resume', { node: undefined, actor: { who: 'ada', reason: undefined } }],
    ]);
  });

  it('term take wants a reason, which is its confirmation', async () => {
    const controller = new ControllerDouble();
    const { run } = await withController(controller);
    expect((await run('term', 'take')).code).toBe(64);
    expect(controller.done).toEqual([]);
    expect((await run('term', 'take', '--reason', 'gone')).out).toBe('epoch 8, writer ffff0000\n');
    expect((await run('term', 'take', '--reason', 'gone', '-o', 'json')).code).toBe(0);
  });

  it('term show prints the term', async () => {
    const { run } = await withController(new ControllerDouble());
    expect((await run('term', 'show')).out).toContain('Epoch:       7\n');
    expect(JSON.parse((await run('term', 'show', '-o', 'json')).out)).toMatchObject({
      kind: 'Term',
      term: { epoch: 7 },
    });
  });
});
