import type { Random } from './random.ts';

/** A growing wait: `baseMs`, then `factor` times longer each time, never over `maxMs`. */
export interface Backoff {
  readonly baseMs: number;
  readonly factor: number;
  readonly maxMs: number;
}

/** The wait after the given number of failures in a row (1 is the first), without jitter: 5 s, 10 s, 20 s. */
export function backoffMs(backoff: Backoff, failures: number): number {
  const steps = Math.max(0, failures - 1);
  // The power of a long outage is Infinity, which min() brings back to the cap.
  return Math.min(backoff.maxMs, backoff.baseMs * backoff.factor ** steps);
}

/** A wait drawn evenly from nothing up to the backoff (full jitter), so that many who failed together do not return together. */
export function jitteredBackoffMs(backoff: Backoff, failures: number, random: Random): number {
  return Math.round(backoffMs(backoff, failures) * random.unit());
}
