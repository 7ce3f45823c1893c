import type { Clock } from '../lib/clock.ts';

const minuteMs = 60_000;
/** Addresses that are remembered at most; beyond them the longest silent one is forgotten. */
const mostAddresses = 10_000;

/** A bucket of tokens per address, which fills again over a minute. */
export class Allowance {
  readonly #perMinute: number;
  readonly #clock: Clock;
  readonly #buckets = new Map<string, { left: number; atMs: number }>();

  constructor(perMinute: number, clock: Clock) {
    this.#perMinute = perMinute;
    this.#clock = clock;
  }

  /** Takes one. @returns 0, or the milliseconds until there is one. */
  take(address: string): number {
    const waitMs = this.waitMs(address);
    if (waitMs === 0) this.#bucketOf(address).left -= 1;
    return waitMs;
  }

  /** Milliseconds until there is one, without taking it. */
  waitMs(address: string): number {
    const { left } = this.#bucketOf(address);
    return left >= 1 ? 0 : ((1 - left) * minuteMs) / this.#perMinute;
  }

  #bucketOf(address: string): { left: number; atMs: number } {
    const now = this.#clock.monotonic();
    const before = this.#buckets.get(address) ?? { left: this.#perMinute, atMs: now };
    const left = before.left + ((now - before.atMs) * this.#perMinute) / minuteMs;
    const bucket = { left: Math.min(this.#perMinute, left), atMs: now };
    // The newest last: what is forgotten is the one that was silent for longest.
    this.#buckets.delete(address);
    this.#buckets.set(address, bucket);
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > mostAddresses && oldest !== undefined) this.#buckets.delete(oldest);
    return bucket;
  }
}
