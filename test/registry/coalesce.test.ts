import { describe, expect, test } from 'vitest';
import { Coalescer } from '../../src/registry/coalesce.ts';
import { ManualClock } from '../support/manual-clock.ts';

function setUp(): {
  clock: ManualClock;
  bursts: Coalescer;
  wakes: number[];
  signal: AbortController;
  done: Promise<void>;
} {
  const clock = new ManualClock();
  const bursts = new Coalescer({ quietMs: 50, capMs: 500, clock });
  const signal = new AbortController();
  const wakes: number[] = [];
  const follow = async (): Promise<void> => {
    for (;;) {
      await bursts.settled(signal.signal);
      wakes.push(clock.monotonic());
    }
  };
  return { clock, bursts, wakes, signal, done: follow().catch(() => undefined) };
}

describe('a burst', () => {
  test('is answered once, when it has been quiet for 50 ms', async () => {
    const { clock, bursts, wakes, signal, done } = setUp();
    for (let n = 0; n < 3; n++) {
      bursts.poke();
      await clock.advance(30);
    }
    expect(wakes).toEqual([]);
    await clock.advance(1000);
    expect(wakes).toHaveLength(1);
    expect(wakes[0]).toBeLessThanOrEqual(150);
    signal.abort();
    await done;
  });

  test('that never ends is answered every 500 ms', async () => {
    const { clock, bursts, wakes, signal, done } = setUp();
    for (let ms = 0; ms < 2000; ms += 20) {
      bursts.poke();
      await clock.advance(20);
    }
    expect(wakes.length).toBeGreaterThanOrEqual(3);
    expect(wakes.length).toBeLessThanOrEqual(5);
    signal.abort();
    await done;
  });

  test('of one call is answered, and the next one too', async () => {
    const { clock, bursts, wakes, signal, done } = setUp();
    bursts.poke();
    await clock.advance(100);
    bursts.poke();
    await clock.advance(100);
    expect(wakes).toHaveLength(2);
    signal.abort();
    await done;
  });
});

test('a wait without a burst ends with its patience, and with its signal', async () => {
  const clock = new ManualClock();
  const bursts = new Coalescer({ quietMs: 50, capMs: 500, clock });
  const over = new AbortController();
  let ended = false;
  const patient = bursts.settled(over.signal, 200).then(() => {
    ended = true;
  });
  await clock.advance(199);
  expect(ended).toBe(false);
  await clock.advance(1);
  await patient;
  const waiting = bursts.settled(over.signal);
  over.abort(new Error('over'));
  await expect(waiting).rejects.toThrow('over');
});
