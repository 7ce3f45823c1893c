import type { Clock } from '../lib/clock.ts';

/** After a new session could not be opened the old one goes on, and the next try waits. */
const laterMs = 60_000;

/** A session that can be replaced while it works. */
export interface Renewable {
  readonly state: 'opening' | 'ready' | 'retired' | 'closed';
  readonly opened: Promise<void>;
  readonly closed: Promise<undefined>;
  lease(): () => void;
  retire(): void;
}

interface Age {
  readonly bornMs: number;
  /** The key files it logged in with. */
  readonly stamp: string | undefined;
  notBeforeMs: number;
}

/** What is asked about a session when it is used. */
export interface Use<S> {
  readonly present: S;
  /** The key files as they are. */
  readonly stamp: string | undefined;
  readonly open: () => S;
  /** Called once the new session stands; from here on it is the one in use. */
  readonly takeOver: (next: S) => void;
}

/**
 * Replaces sessions that are too old or were opened with keys that are gone: the new one is opened first, then the old one takes no
 * further work and ends with its last. Where the new one cannot be opened the old one stays, so that no operation fails for it.
 */
export class Renewal<S extends Renewable> {
  readonly #maxAgeMs: number;
  readonly #clock: Clock;
  readonly #ages = new WeakMap<S, Age>();
  readonly #replaced = new WeakSet<S>();

  constructor(maxAgeMs: number, clock: Clock) {
    this.#maxAgeMs = maxAgeMs;
    this.#clock = clock;
  }

  /** Notes a session's birth. */
  born(session: S, stamp: string | undefined): void {
    this.#ages.set(session, { bornMs: this.#clock.monotonic(), stamp, notBeforeMs: 0 });
  }

  /** Begins to replace the session where it is time. */
  consider({ present, stamp, open, takeOver }: Use<S>): void {
    const age = this.#ages.get(present);
    if (age === undefined || this.#replaced.has(present) || !this.#isDue(age, stamp)) return;
    const next = open();
    this.#replaced.add(present);
    const release = next.lease();
    next.opened
      .then(
        () => {
          // Whoever came after the old one died has a session of their own by now.
          if (present.state === 'ready') takeOver(next);
          else next.retire();
          present.retire();
        },
        () => {
          age.notBeforeMs = this.#clock.monotonic() + laterMs;
        },
      )
      .finally(() => {
        this.#replaced.delete(present);
        release();
      });
  }

  #isDue(age: Age, stamp: string | undefined): boolean {
    const now = this.#clock.monotonic();
    if (now < age.notBeforeMs) return false;
    const changed = stamp !== undefined && age.stamp !== undefined && stamp !== age.stamp;
    return changed || now - age.bornMs >= this.#maxAgeMs;
  }
}
