import type { Clock } from '../../src/lib/clock.ts';

interface Sleeper {
  readonly dueMs: number;
  readonly wake: () => void;
}

/** A clock that moves only when the test says so. */
export class ManualClock implements Clock {
  private ms = 0;
  private readonly sleepers = new Set<Sleeper>();
  private readonly startMs: number;

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.startMs = startMs;
  }

  now(): number {
    return this.startMs + this.ms;
  }

  monotonic(): number {
    return this.ms;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const sleeper = {
      dueMs: this.ms + ms,
      wake: () => {
        resolve(undefined);
      },
    };
    this.sleepers.add(sleeper);
    signal?.addEventListener(
      'abort',
      () => {
        this.sleepers.delete(sleeper);
        reject(signal.reason as Error);
      },
      { once: true },
    );
    return promise;
  }

  /** Moves time forward, waking sleepers in order and letting what they started run. */
  async advance(ms: number): Promise<void> {
    const until = this.ms + ms;
    for (;;) {
      await settled();
      const next = [...this.sleepers]
        .filter((one) => one.dueMs <= until)
        .sort((a, b) => a.dueMs - b.dueMs)[0];
      if (next === undefined) break;
      this.sleepers.delete(next);
      this.ms = Math.max(this.ms, next.dueMs);
      next.wake();
    }
    this.ms = until;
    await settled();
  }
}

/** Lets every promise that can settle do so. */
async function settled(): Promise<void> {
  for (let n = 0; n < 20; n += 1) await new Promise((resolve) => setImmediate(resolve));
}
