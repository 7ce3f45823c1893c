import { setTimeout as delay } from 'node:timers/promises';

/** The one way to read time or wait, so that tests and the simulator can put their own under everything. */
export interface Clock {
  /** Wall clock, milliseconds since 1970; may jump. */
  now(): number;
  /** Monotonic milliseconds; for deadlines and durations. */
  monotonic(): number;
  /** Waits, or rejects with the signal's reason. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The real clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: async (ms, signal) => {
    await delay(ms, undefined, signal ? { signal } : {});
  },
};

/** Waits, unless the signal fires. @returns whether the whole time has passed. */
export function waited(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  return clock.sleep(ms, signal).then(
    () => true,
    () => false,
  );
}

/** Waits for work, `ms` at most; what becomes of it afterwards is its own matter. */
export async function atMost(clock: Clock, ms: number, work: Promise<unknown>): Promise<void> {
  const grace = new AbortController();
  await Promise.race([work, clock.sleep(ms, grace.signal).catch(() => undefined)]);
  grace.abort();
}

/** Seconds-precise ISO time in UTC, the form the registries use: `2026-11-21T07:49:24Z`. */
export function isoSeconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
