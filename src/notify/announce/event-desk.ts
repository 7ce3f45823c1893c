import { hostname } from 'node:os';
import { waited, type Clock } from '../../lib/clock.ts';
import type { Random } from '../../lib/random.ts';
import { evidenceOf } from '../../lib/text.ts';
import type { Announcer, EventText } from '../../registry/announcer.ts';

export interface EventDeskParts {
  readonly announcer: Pick<Announcer, 'tell' | 'tellAgain'>;
  readonly clock: Clock;
  readonly random: Random;
  /** Hears of a telling that failed. @returns how long to tell nothing; undefined where the same would fail again. */
  readonly onFailure: (error: unknown) => number | undefined;
}

const perMinute = 6;
const minuteMs = 60_000;
/** The API server keeps events for so long. */
const keptMs = 3_600_000;
const noteBytes = 1_000;

interface Past {
  readonly note: string;
  readonly name: string;
  readonly count: number;
  readonly atMs: number;
}

/**
 * Tells events, a handful a minute. Of several that wait about one object and for one reason only the newest is worth telling; one that was told
 * already is counted.
 */
export class EventDesk {
  readonly #parts: EventDeskParts;
  readonly #waiting = new Map<string, EventText>();
  readonly #past = new Map<string, Past>();
  readonly #stop = new AbortController();
  #sent: readonly number[] = [];
  #running: Promise<void> | undefined;

  constructor(parts: EventDeskParts) {
    this.#parts = parts;
  }

  /** It never waits and never throws. */
  push(event: EventText): void {
    const key = keyOf(event);
    this.#waiting.delete(key);
    this.#waiting.set(key, { ...event, note: evidenceOf(event.note, noteBytes) });
    if (this.#stop.signal.aborted) return;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    for (;;) {
      if (!(await this.#turn())) return;
      const [next] = this.#waiting;
      if (next === undefined) return;
      const [key, event] = next;
      this.#waiting.delete(key);
      try {
        await this.#tell(key, event);
      } catch (error) {
        const waitMs = this.#parts.onFailure(error);
        if (waitMs === undefined) continue;
        // What was said meanwhile about the same thing is newer.
        if (!this.#waiting.has(key)) this.#waiting.set(key, event);
        if (!(await waited(this.#parts.clock, waitMs, this.#stop.signal))) return;
      }
    }
  }

  /** Waits until one more may be told. @returns false at the end. */
  async #turn(): Promise<boolean> {
    const { clock } = this.#parts;
    for (;;) {
      if (this.#stop.signal.aborted) return false;
      const now = clock.monotonic();
      this.#sent = this.#sent.filter((at) => now - at < minuteMs);
      const [oldest] = this.#sent;
      if (oldest === undefined || this.#sent.length < perMinute) return true;
      if (!(await waited(clock, oldest + minuteMs - now, this.#stop.signal))) return false;
    }
  }

  async #tell(key: string, event: EventText): Promise<void> {
    const { announcer, clock, random } = this.#parts;
    this.#sent = [...this.#sent, clock.monotonic()];
    const past = this.#past.get(key);
    const atMs = clock.now();
    if (past?.note === event.note && clock.monotonic() - past.atMs < keptMs) {
      const count = past.count + 1;
      if (await announcer.tellAgain({ name: past.name, count, atMs })) {
        this.#past.set(key, { ...past, count, atMs: clock.monotonic() });
        return;
      }
    }
    const name = `${event.object}.${random.hex(8)}`;
    await announcer.tell({ ...event, name, instance: hostname().slice(0, 128), atMs });
    this.#past.set(key, { note: event.note, name, count: 1, atMs: clock.monotonic() });
  }
}

function keyOf({ object, reason }: EventText): string {
  return `${object} ${reason}`;
}
