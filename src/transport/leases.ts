/** Counts who uses something and tells when nobody does, and when nobody has for a while. */
export class Leases {
  #count = 0;
  #idle: NodeJS.Timeout | undefined;
  readonly #idleMs: number;
  readonly #onUse: () => void;
  readonly #onFree: () => 'keep' | 'gone';
  readonly #onIdle: () => void;

  /** `onUse` is told of the first user; `onFree` is asked when the last one leaves; after `keep` and a while without a new one comes `onIdle`. */
  constructor(options: {
    readonly idleMs: number;
    readonly onUse?: () => void;
    readonly onFree: () => 'keep' | 'gone';
    readonly onIdle: () => void;
  }) {
    this.#idleMs = options.idleMs;
    this.#onUse = options.onUse ?? (() => undefined);
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
    if (this.#count === 1) this.#onUse();
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
