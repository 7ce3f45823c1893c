import type { Clock } from '../lib/clock.ts';

export interface CoalesceOptions {
  /** A burst ends after this time without a call. */
  readonly quietMs: number;
  /** A burst that does not end is answered after this time anyway. */
  readonly capMs: number;
  readonly clock: Clock;
}

/** Turns a burst of calls into one wake-up: `poke` counts calls, `settled` waits for the end of the next burst. */
export class Coalescer {
  readonly #options: CoalesceOptions;
  #poked = Promise.withResolvers<undefined>();
  #pending = false;

  constructor(options: CoalesceOptions) {
    this.#options = options;
  }

  poke(): void {
    this.#pending = true;
    this.#poked.resolve(undefined);
  }

  /** Resolves when a burst has ended, or when none has begun within `patienceMs`; rejects with the signal's reason. */
  async settled(signal: AbortSignal, patienceMs?: number): Promise<void> {
    const { clock, quietMs, capMs } = this.#options;
    if (!this.#pending) await this.#begun(signal, patienceMs);
    const cap = clock.monotonic() + capMs;
    while (this.#pending) {
      this.#pending = false;
      this.#poked = Promise.withResolvers<undefined>();
      const left = cap - clock.monotonic();
      if (left <= 0) break;
      await clock.sleep(Math.min(quietMs, left), signal);
    }
  }

  async #begun(signal: AbortSignal, patienceMs: number | undefined): Promise<void> {
    signal.throwIfAborted();
    const over = new AbortController();
    const waits: Promise<unknown>[] = [this.#poked.promise, aborted(AbortSignal.any([signal, over.signal]))];
    if (patienceMs !== undefined)
      waits.push(this.#options.clock.sleep(patienceMs, over.signal).catch(() => undefined));
    try {
      await Promise.race(waits);
    } finally {
      over.abort();
    }
    signal.throwIfAborted();
  }
}

/** Resolves when the signal fires. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
