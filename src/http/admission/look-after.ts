import { waited, type Clock } from '../../lib/clock.ts';

/** An edit is judged before it is saved: the look at it is repeated until it must have been. */
const laterMs = [50, 200, 750, 2_000] as const;

export interface LookAfterParts {
  /** Reads the registries now; it must not be waited for. */
  readonly look: () => void;
  readonly clock: Clock;
}

/** Looks at the registries shortly after an edit was let through. A newer edit begins it anew. */
export class LookAfter {
  readonly #parts: LookAfterParts;
  #stop = new AbortController();
  #closed = false;

  constructor(parts: LookAfterParts) {
    this.#parts = parts;
  }

  /** @param isSeen True once the edit was read, by whomever. */
  begin(isSeen: () => boolean): void {
    this.#stop.abort();
    this.#stop = new AbortController();
    if (!this.#closed) void this.#looks(isSeen, this.#stop.signal);
  }

  close(): void {
    this.#closed = true;
    this.#stop.abort();
  }

  async #looks(isSeen: () => boolean, signal: AbortSignal): Promise<void> {
    const { clock, look } = this.#parts;
    for (const ms of laterMs) {
      if (!(await waited(clock, ms, signal)) || isSeen()) return;
      look();
    }
  }
}
