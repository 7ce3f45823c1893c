import { describe, expect, it } from 'vitest';
import { Pace } from '../../src/transport/pace.ts';
import { ManualClock } from '../support/manual-clock.ts';

const never = new AbortController().signal;
const soonMs = 2_500;
const stepMs = 50;

/** A machine that shares so many milliseconds of work per millisecond among the logins under way; 0: they wait for far hosts only. */
class Machine {
  readonly tookMs: number[] = [];
  readonly #clock: ManualClock;
  readonly #enter: (signal: AbortSignal) => Promise<(made: boolean) => void>;
  readonly #underWay = new Set<{
    left: number;
    readonly began: number;
    readonly end: (made: boolean) => void;
  }>();

  constructor(clock: ManualClock, enter: (signal: AbortSignal) => Promise<(made: boolean) => void>) {
    this.#clock = clock;
    this.#enter = enter;
  }

  get underWay(): number {
    return this.#underWay.size;
  }

  begin(count: number, workMs: number): void {
    for (let index = 0; index < count; index += 1)
      void this.#enter(never).then((end) => {
        this.#underWay.add({ left: workMs, began: this.#clock.monotonic(), end });
      });
  }

  /** Lets the time go by until so many have ended. @returns when that was. */
  async until(ended: number, shared: boolean, atMostMs = 120_000): Promise<number> {
    while (this.tookMs.length < ended && this.#clock.monotonic() < atMostMs) {
      await this.#clock.advance(stepMs);
      const share = shared ? stepMs / Math.max(1, this.#underWay.size) : stepMs;
      for (const one of this.#underWay) {
        one.left -= share;
        if (one.left > 0) continue;
        this.#underWay.delete(one);
        this.tookMs.push(this.#clock.monotonic() - one.began);
        one.end(true);
      }
    }
    return this.#clock.monotonic();
  }
}

const crowd = async (
  enter: (signal: AbortSignal) => Promise<(made: boolean) => void>,
  clock: ManualClock,
) => {
  const machine = new Machine(clock, enter);
  machine.begin(600, 50);
  await machine.until(600, true);
  return machine.tookMs;
};

describe('the pace of all logins', () => {
  it('keeps each of six hundred within its limit on a machine that makes twenty a second', async () => {
    const clock = new ManualClock();
    const pace = new Pace(clock, soonMs);
    const paced = await crowd((signal) => pace.enter(signal), clock);
    expect(paced).toHaveLength(600);
    expect(Math.max(...paced)).toBeLessThan(4 * soonMs);
    // All at once would have been too late, most of them.
    const free = await crowd(() => Promise.resolve(() => undefined), new ManualClock());
    expect(free.filter((ms) => ms > 4 * soonMs).length).toBeGreaterThan(300);
  });

  it('grows where logins wait for far hosts and not for this machine', async () => {
    const clock = new ManualClock();
    const pace = new Pace(clock, soonMs);
    const machine = new Machine(clock, (signal) => pace.enter(signal));
    machine.begin(1_000, 1_000);
    const endedMs = await machine.until(1_000, false);
    expect(pace.limit).toBeGreaterThan(200);
    expect(endedMs).toBeLessThan((1_000 / 64) * 1_000 * 0.5);
  });

  it('does not grow for logins that nobody waits behind', async () => {
    const clock = new ManualClock();
    const pace = new Pace(clock, soonMs);
    for (let turn = 0; turn < 200; turn += 1) (await pace.enter(never))(true);
    expect(pace.limit).toBe(64);
  });

  it('lets nobody wait for hosts that take a connection and fall silent', async () => {
    const clock = new ManualClock();
    const pace = new Pace(clock, soonMs);
    for (let silent = 0; silent < 64; silent += 1) await pace.enter(never);
    const machine = new Machine(clock, (signal) => pace.enter(signal));
    machine.begin(10, stepMs);
    await clock.advance(soonMs - 1);
    expect(machine.underWay).toBe(0);
    await clock.advance(1);
    expect(machine.underWay).toBe(10);
    // And they say nothing of this machine.
    expect(pace.limit).toBe(64);
  });

  it('counts a place once, whoever gives it up, and forgets who no longer waits', async () => {
    const clock = new ManualClock();
    const pace = new Pace(clock, soonMs);
    const ends = await Promise.all(Array.from({ length: 64 }, () => pace.enter(never)));
    await clock.advance(soonMs);
    for (const end of ends) end(false);
    const gone = new AbortController();
    const again = await Promise.all(Array.from({ length: 64 }, () => pace.enter(never)));
    const waiting = pace.enter(gone.signal);
    gone.abort(new Error('nobody asks any more'));
    await expect(waiting).rejects.toThrow('nobody asks');
    let entered = 0;
    for (let index = 0; index < 2; index += 1) void pace.enter(never).then(() => (entered += 1));
    again[0]?.(false);
    await clock.advance(0);
    expect(entered).toBe(1);
  });
});
