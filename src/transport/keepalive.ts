export interface KeepaliveOptions {
  readonly intervalMs: number;
  /** Unanswered signs of life after which the other side is dead. */
  readonly count: number;
  /** Asks for a sign of life; the function is called when it comes. */
  readonly ping: (answered: () => void) => void;
  readonly onDead: () => void;
}

/**
 * Asks for signs of life while somebody waits for a session.
 * A hundred idle sessions would cost a percent of a core this way; between uses the kernel's own keepalive has to do.
 */
export class Keepalive {
  readonly #options: KeepaliveOptions;
  #timer: NodeJS.Timeout | undefined;
  #unanswered = 0;

  constructor(options: KeepaliveOptions) {
    this.#options = options;
  }

  start(): void {
    this.stop();
    this.#timer = setInterval(() => {
      this.#ask();
    }, this.#options.intervalMs);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#unanswered = 0;
  }

  #ask(): void {
    if (this.#unanswered >= this.#options.count) {
      this.stop();
      this.#options.onDead();
      return;
    }
    this.#unanswered += 1;
    this.#options.ping(() => {
      this.#unanswered = 0;
    });
  }
}
