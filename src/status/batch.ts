import type { Clock } from '../lib/clock.ts';

export interface BatchParts {
  readonly clock: Clock;
  /** At most one write in this time. */
  readonly everyMs: number;
  /** Writes everything that is unwritten. */
  readonly write: () => Promise<void>;
  /** Told of the first failure of a row: a source that is down for hours is one line, not one per period. */
  readonly onFailure: (error: unknown) => void;
}

// A fleet settles within a second or two of an edit; one write then covers it all.
const gatherMs = 1_000;

/** Joins many marks into few writes: the first soon, the next not before `everyMs` after the last. Writes never overlap. */
export class Batch {
  private readonly parts: BatchParts;
  private dirty = false;
  private lastMs: number | undefined;
  private timer: AbortController | undefined;
  private tail: Promise<void> = Promise.resolve();
  private closed = false;
  private failing = false;

  constructor(parts: BatchParts) {
    this.parts = parts;
  }

  /** Something is unwritten. */
  mark(): void {
    this.dirty = true;
    if (this.timer === undefined && !this.closed) this.schedule(this.waitMs());
  }

  /** Writes now what is unwritten, after a write that runs. Rejects when the write fails; it is tried again later. */
  async flush(): Promise<void> {
    this.unschedule();
    const mine = this.tail.then(() => this.run());
    this.tail = mine.catch(() => undefined);
    await mine;
  }

  /** No further write by itself; `flush` still works. */
  close(): void {
    this.closed = true;
    this.unschedule();
  }

  private async run(): Promise<void> {
    if (!this.dirty) return;
    this.dirty = false;
    this.lastMs = this.parts.clock.monotonic();
    try {
      await this.parts.write();
      this.failing = false;
    } catch (error) {
      this.dirty = true;
      this.failing = true;
      throw error;
    } finally {
      if (this.dirty && this.timer === undefined && !this.closed) this.schedule(this.waitMs());
    }
  }

  private waitMs(): number {
    const { clock, everyMs } = this.parts;
    const soon = Math.min(gatherMs, everyMs);
    return this.lastMs === undefined ? soon : Math.max(soon, this.lastMs + everyMs - clock.monotonic());
  }

  private schedule(ms: number): void {
    const timer = new AbortController();
    this.timer = timer;
    void this.parts.clock.sleep(ms, timer.signal).then(
      () => {
        if (this.timer === timer) this.timer = undefined;
        const known = this.failing;
        this.flush().catch((error: unknown) => {
          if (!known) this.parts.onFailure(error);
        });
      },
      () => undefined,
    );
  }

  private unschedule(): void {
    this.timer?.abort();
    this.timer = undefined;
  }
}
