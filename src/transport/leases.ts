/** Counts who uses something and tells when nobody does, and when nobody has for a while. */
export class Leases {
  #count = 0;
  #idle: NodeJS.Timeout | undefined;
  readonly #idleMs: number;
  readonly #onFree: () => 'keep' | 'gone';
  readonly #onIdle: () => void;

  /** `onFree` is asked whenever the last user leaves; after `keep` and a while without a new one comes `onIdle`. */
  constructor(options: {
    readonly idleMs: number;
    readonly onFree: () => 'keep' | 'gone';
    readonly onIdle: () => void;
  }) {
    this.#idleMs = options.idleMs;
    this.#onFree = options.onFree;
    this.#onIdle = options.onIdle;
  }

  get count(): number {
    return this.#count;
  }

  /** Keeps it in use until the returned function is called; calling that twice counts once. */
  take(): () => void {
    this.#count += 1;
    clearTimeout(this.#idle);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#count -= 1;
      this.settle();
    };
  }

  /** Asks again what should happen while nobody uses it. */
  settle(): void {
    clearTimeout(this.#idle);
    if (this.#count > 0 || this.#onFree() === 'gone') return;
    this.#idle = setTimeout(this.#onIdle, this.#idleMs).unref();
  }

  stop(): void {
    clearTimeout(this.#idle);
  }
}
