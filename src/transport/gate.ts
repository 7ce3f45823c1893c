/** Lets a bounded number through at once, in the order of arrival. */
export class Gate {
  #limit: number;
  #inside = 0;
  readonly #waiting = new Set<() => void>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get inside(): number {
    return this.#inside;
  }

  get limit(): number {
    return this.#limit;
  }

  /** How many wait for a place. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Waits for a place; rejects with the signal's reason. */
  async enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#inside < this.#limit) {
      this.#inside += 1;
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const go = (): void => {
      resolve(undefined);
    };
    const stop = (): void => {
      this.#waiting.delete(go);
      reject(signal.reason as Error);
    };
    this.#waiting.add(go);
    signal.addEventListener('abort', stop, { once: true });
    await promise.finally(() => {
      signal.removeEventListener('abort', stop);
    });
  }

  /** Gives the place to the next in line. */
  leave(): void {
    const [next] = this.#waiting;
    if (next !== undefined && this.#inside <= this.#limit) {
      this.#waiting.delete(next);
      next();
    } else {
      this.#inside -= 1;
    }
  }

  /** There is room for more: whoever waits for it enters. */
  widenTo(limit: number): void {
    this.#limit = Math.max(this.#limit, limit);
    for (const next of this.#waiting) {
      if (this.#inside >= this.#limit) break;
      this.#waiting.delete(next);
      this.#inside += 1;
      next();
    }
  }

  /** The other side takes fewer than we thought. */
  narrowTo(limit: number): void {
    this.#limit = Math.max(1, Math.min(this.#limit, limit));
  }
}
