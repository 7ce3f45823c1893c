import type { Clock } from '../lib/clock.ts';

/** Why a key waits; of several adds the strongest wins, in this order. */
export const urgencies = ['look', 'retry', 'change', 'push'] as const;
export type Urgency = (typeof urgencies)[number];

/**
 * Work queue of keys. An add while the key waits is merged, an add while it is worked on makes it due once more afterwards.
 * Keys carry no content, so lost, doubled or reordered hints do no harm; the newest plan is read when the work starts.
 */
export class KeyQueue<K extends string> {
  private readonly clock: Clock;
  /** Due now, first come first served; never holds a key that is being worked on. */
  private readonly ready = new Map<K, Urgency>();
  private readonly delayed = new Map<K, { urgency: Urgency; dueMs: number }>();
  private readonly active = new Set<K>();
  /** Added while active: due as soon as the work on them ends. */
  private readonly again = new Map<K, Urgency>();
  private wake: PromiseWithResolvers<undefined> = Promise.withResolvers<undefined>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Makes a key due at once, or once more after the work on it ends. */
  add(key: K, urgency: Urgency): void {
    const late = this.delayed.get(key);
    this.delayed.delete(key);
    const strongest = stronger(urgency, late?.urgency);
    const place = this.active.has(key) ? this.again : this.ready;
    place.set(key, stronger(strongest, place.get(key)));
    this.stir();
  }

  /** Makes a key due after `delayMs`; a key that is due sooner stays so. */
  addLater(key: K, urgency: Urgency, delayMs: number): void {
    if (this.ready.has(key) || this.again.has(key)) return;
    const known = this.delayed.get(key);
    const dueMs = this.clock.monotonic() + delayMs;
    this.delayed.set(key, {
      urgency: stronger(urgency, known?.urgency),
      dueMs: Math.min(dueMs, known?.dueMs ?? dueMs),
    });
    this.stir();
  }

  /** Forgets a key; work that runs on it ends by itself. */
  remove(key: K): void {
    this.ready.delete(key);
    this.delayed.delete(key);
    this.again.delete(key);
  }

  /** Waits for the next due key. Rejects with the signal's reason. */
  async take(signal: AbortSignal): Promise<{ readonly key: K; readonly urgency: Urgency }> {
    for (;;) {
      signal.throwIfAborted();
      const nextMs = this.promote();
      const first = this.ready.entries().next();
      if (first.done !== true) {
        const [key, urgency] = first.value;
        this.ready.delete(key);
        this.active.add(key);
        return { key, urgency };
      }
      await this.pause(nextMs, signal);
    }
  }

  /** Ends the work on a key. */
  done(key: K): void {
    this.active.delete(key);
    const urgency = this.again.get(key);
    this.again.delete(key);
    if (urgency !== undefined) this.add(key, urgency);
  }

  /** How many keys are due, put off, and being worked on. */
  depth(): { readonly due: number; readonly delayed: number; readonly active: number } {
    return { due: this.ready.size + this.again.size, delayed: this.delayed.size, active: this.active.size };
  }

  /** Moves what has become due; returns the milliseconds until the next delayed key. */
  private promote(): number | undefined {
    const now = this.clock.monotonic();
    let nextMs: number | undefined;
    for (const [key, late] of this.delayed) {
      if (late.dueMs <= now) this.add(key, late.urgency);
      else nextMs = Math.min(nextMs ?? Infinity, late.dueMs - now);
    }
    return nextMs;
  }

  private stir(): void {
    this.wake.resolve(undefined);
    this.wake = Promise.withResolvers<undefined>();
  }

  private async pause(ms: number | undefined, signal: AbortSignal): Promise<void> {
    const end = new AbortController();
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const onAbort = (): void => {
      resolve(undefined);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    const waits: Promise<unknown>[] = [this.wake.promise, promise];
    if (ms !== undefined) waits.push(this.clock.sleep(ms, end.signal).catch(() => undefined));
    await Promise.race(waits);
    end.abort();
    signal.removeEventListener('abort', onAbort);
  }
}

function stronger(a: Urgency, b: Urgency | undefined): Urgency {
  return b !== undefined && urgencies.indexOf(b) > urgencies.indexOf(a) ? b : a;
}
