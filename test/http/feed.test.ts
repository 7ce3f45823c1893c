import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { Feed, type Numbered } from '../../src/http/feed.ts';
import type { Env } from '../../src/http/app.ts';
import { followed } from '../../src/http/followed.ts';
import { offline, status, verified } from '../cli/controller-double.ts';
import { ManualClock } from '../support/manual-clock.ts';

const since = { since: '', lastSync: null, lastAttempt: null, hint: false };
const withNodes = (...names: readonly string[]) =>
  status({ nodes: names.map((name) => ({ ...verified(name), ...since })) });

/** A feed over a controller that counts how often it is asked, and fails where the test says so. */
function rig() {
  const clock = new ManualClock();
  const controller = { now: withNodes('a'), asked: 0, fails: false };
  let runs = 0;
  const feed = new Feed({
    status: () => {
      controller.asked += 1;
      return controller.fails ? Promise.reject(new Error('no')) : Promise.resolve(controller.now);
    },
    clock,
    random: { unit: () => 0, hex: () => `run${String((runs += 1))}` },
  });
  const join = async (after?: string): Promise<{ readonly told: Numbered[]; readonly leave: () => void }> => {
    const told: Numbered[] = [];
    return { told, leave: await feed.follow(after, (events) => told.push(...events)) };
  };
  return { clock, controller, feed, join };
}

describe('the feed of events', () => {
  it('asks the controller once a look, however many listen', async () => {
    const { clock, controller, join } = rig();
    await join();
    await Promise.all(Array.from({ length: 100 }, () => join()));
    expect(controller.asked).toBe(1);
    await clock.advance(500);
    expect(controller.asked).toBe(2);
  });

  it('tells everybody the same, also those who came at the same moment', async () => {
    const { clock, controller, join } = rig();
    const [one, other] = await Promise.all([join(), join()]);
    controller.now = withNodes('a', 'b');
    await clock.advance(500);
    expect(one.told.map(({ event }) => event)).toEqual(['status', 'node']);
    expect(other.told).toEqual(one.told);
  });

  it('lingers for a minute after the last one has left, remembers for who returns, and then looks no more', async () => {
    const { clock, controller, join } = rig();
    const first = await join();
    first.leave();
    controller.now = status({ nodes: [{ ...offline('a'), ...since }] });
    await clock.advance(30_000);
    const back = await join(first.told[0]?.id);
    expect(back.told).toMatchObject([{ event: 'node' }]);
    back.leave();
    await clock.advance(61_000);
    const before = controller.asked;
    await clock.advance(600_000);
    expect(controller.asked).toBe(before);
    expect((await join(back.told[0]?.id)).told).toMatchObject([{ event: 'status' }]);
    await clock.advance(500);
    expect(controller.asked).toBe(before + 2);
  });

  it('tells nothing of the age of the last proof, and goes on after a look that failed', async () => {
    const { clock, controller, join } = rig();
    const { told } = await join();
    const { source } = controller.now;
    controller.now = { ...controller.now, source: { ...source, proofAgeMs: 9_999 } };
    await clock.advance(500);
    controller.fails = true;
    await clock.advance(500);
    controller.fails = false;
    controller.now = withNodes('b');
    await clock.advance(500);
    expect(told.map(({ event }) => event)).toEqual(['status', 'node', 'gone']);
  });

  it('ends with its door', async () => {
    const { clock, controller, feed, join } = rig();
    await join();
    await feed.close();
    await clock.advance(10_000);
    expect(controller.asked).toBe(1);
  });
});

describe('a listener that does not read', () => {
  it('is let go before what waits for it grows without bound', async () => {
    const { clock, controller, feed } = rig();
    const app = new Hono<Env>().get('/', (context) => {
      context.set('caller', { name: undefined, role: 'owner' });
      return followed(context, feed);
    });
    const response = await app.request('/');
    // Nobody reads the body: every look changes three thousand nodes.
    const names = Array.from({ length: 3_000 }, (_, index) => `n${String(index)}`);
    for (let look = 0; look < 10; look += 1) {
      const changed = { ...since, since: String(look) };
      controller.now = status({ nodes: names.map((name) => ({ ...verified(name), ...changed })) });
      await clock.advance(500);
    }
    const reader = response.body?.getReader();
    const left: unknown[] = [];
    for (let part = await reader?.read(); part?.done === false; part = await reader?.read())
      left.push(part.value);
    expect(left.length).toBeLessThan(10);
    await clock.advance(61_000);
    const before = controller.asked;
    await clock.advance(10_000);
    // It was the only one: nobody is looked for any more.
    expect(controller.asked).toBe(before);
  });
});
