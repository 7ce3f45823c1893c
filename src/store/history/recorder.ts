import { isoSeconds, type Clock } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';
import type { Logger } from '../../lib/logger.ts';
import { RevisionNames } from './names.ts';
import type { EditNote, NewPush, NewRevision, Retention } from './records.ts';
import { HistoryBegunAnew, type HistoryStore } from './store.ts';

/** What the controller knows of a revision; who wrote its texts is looked up when it is filed. */
export type SeenRevision = Omit<NewRevision, 'edits'>;

export interface RecorderParts {
  readonly store: HistoryStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly retention: () => Retention;
  /** The newest notes of who wrote what, as far as any were kept. */
  readonly notes: () => Promise<readonly EditNote[]>;
  /** The highest number that a revision ever had, kept where it outlives the file; a number is never given twice. */
  readonly mark?: {
    read(): Promise<number>;
    raise(number: number): Promise<void>;
  };
  /** How long rows gather before they are written as one transaction; and how many may wait. */
  readonly gatherMs?: number;
  readonly queueLimit?: number;
}

type Item =
  | { readonly kind: 'revision'; readonly seen: SeenRevision }
  | { readonly kind: 'notes'; readonly notes: readonly EditNote[] }
  | { readonly kind: 'push'; readonly push: NewPush };

const batchLimit = 500;
const retryMs = 30_000;
// Rows between two looks at the limits; a revision weighs more than an outcome.
const trimEvery = 2_000;
const revisionWeight = 100;
const dayMs = 86_400_000;

/** Writes the history behind the controller's back: nothing waits for it, and on overload rows are dropped and counted. */
export class Recorder {
  private readonly parts: RecorderParts;
  private readonly names = new RevisionNames();
  private queue: Item[] = [];
  private present: SeenRevision | undefined;
  private dropped = 0;
  private untrimmed = trimEvery;
  private failing = false;
  private urgent = false;
  private nap = new AbortController();
  private writing: Promise<void> | undefined;

  private constructor(parts: RecorderParts) {
    this.parts = parts;
  }

  static async open(parts: RecorderParts): Promise<Recorder> {
    const recorder = new Recorder(parts);
    if (!parts.store.isOff) recorder.names.load(await parts.store.ask('revisionNames').catch(() => []));
    return recorder;
  }

  /** Files what is in force now, where it is not the newest revision already. */
  revision(seen: SeenRevision): void {
    this.present = seen;
    this.add({ kind: 'revision', seen });
  }

  /** Notes who wrote texts that may have been filed already. */
  attribute(notes: readonly EditNote[]): void {
    this.add({ kind: 'notes', notes });
  }

  /** Keeps one outcome. */
  push(push: NewPush): void {
    const { queueLimit = 20_000 } = this.parts;
    if (this.queue.length < queueLimit) this.add({ kind: 'push', push });
    else if ((this.dropped += 1) === 1)
      this.parts.log.warn('the history cannot keep up; outcomes of pushes are left out of it and counted');
  }

  /** `R<n>` of a snapshot's digest; undefined where it is not filed (yet). */
  revisionNumber(digest: string): number | undefined {
    return this.names.numberOf(digest);
  }

  /** The digest of a snapshot that a word of an admin names. */
  digestOf(word: string): string | undefined {
    return this.names.digestOf(word);
  }

  /** Writes all that waits, now; what cannot be written goes on waiting. */
  async flush(): Promise<void> {
    if (this.queue.length === 0 && this.writing === undefined) return;
    this.urgent = true;
    this.nap.abort();
    this.writing ??= this.drain();
    await this.writing;
    this.urgent = false;
  }

  async close(): Promise<void> {
    await this.flush();
    await this.parts.store.close();
  }

  private add(item: Item): void {
    if (this.parts.store.isOff) return;
    this.queue.push(item);
    this.writing ??= this.drain();
  }

  /** Ends when nothing waits, or, in a hurry, at the first failure. */
  private async drain(): Promise<void> {
    // The caller's turn ends first, so that a burst begins as one transaction.
    await Promise.resolve();
    try {
      while (this.queue.length > 0) {
        if (this.queue[0]?.kind === 'push' && this.queue.length < batchLimit)
          await this.rest(this.parts.gatherMs ?? 250);
        if (await this.step()) continue;
        if (this.urgent) return;
        await this.rest(retryMs);
      }
    } finally {
      this.writing = undefined;
    }
  }

  /** Writes the first items. @returns false where they have to wait. */
  private async step(): Promise<boolean> {
    const items = this.take();
    try {
      await this.write(items);
      this.failing = false;
      return true;
    } catch (error) {
      if (this.parts.store.isOff) {
        this.queue = [];
        return true;
      }
      this.queue.unshift(...items);
      if (error instanceof HistoryBegunAnew) this.beginAnew();
      else this.complain(error);
      return error instanceof HistoryBegunAnew;
    }
  }

  /** One revision or notes, or a batch of outcomes. */
  private take(): readonly Item[] {
    const other = this.queue.findIndex(({ kind }) => kind !== 'push');
    const count = other === 0 ? 1 : Math.min(other < 0 ? this.queue.length : other, batchLimit);
    return this.queue.splice(0, count);
  }

  private async write(items: readonly Item[]): Promise<void> {
    const { store, clock } = this.parts;
    const [first] = items;
    if (first?.kind === 'revision') await this.file(first.seen);
    else if (first?.kind === 'notes') await store.ask('attribute', first.notes);
    else {
      const pushes = items.flatMap((item) => (item.kind === 'push' ? [item.push] : []));
      const rows = this.dropped;
      await store.ask('addPushes', pushes, { rows, at: isoSeconds(clock.now()) });
      this.dropped -= rows;
    }
    this.untrimmed += first?.kind === 'revision' ? revisionWeight : items.length;
    if (this.untrimmed >= trimEvery) await this.trim();
  }

  private async file(seen: SeenRevision): Promise<void> {
    const edits = await this.parts.notes().catch(() => []);
    const { store, mark } = this.parts;
    const above = await this.above();
    // Before it is given: a number that nobody got is no harm.
    if (this.names.newest()?.digest !== seen.digest) await mark?.raise(above + 1).catch(() => undefined);
    const number = await store.ask('addRevision', { ...seen, edits }, above);
    this.names.add({ number, digest: seen.digest });
  }

  private async above(): Promise<number> {
    const { store, mark } = this.parts;
    const marked = (await mark?.read().catch(() => 0)) ?? 0;
    return Math.max(marked, await store.ask('highestRevision'));
  }

  private async trim(): Promise<void> {
    const { store, clock } = this.parts;
    const limits = this.parts.retention();
    this.untrimmed = 0;
    const oldest = isoSeconds(clock.now() - limits.maxDays * dayMs);
    // A little at a time: the thread serves others, too.
    while (await store.ask('trim', limits, oldest)) await Promise.resolve();
    this.names.load(await store.ask('revisionNames'));
  }

  /** The new file starts with what is in force. */
  private beginAnew(): void {
    this.names.load([]);
    if (this.present !== undefined && !this.queue.some(({ kind }) => kind === 'revision'))
      this.queue.unshift({ kind: 'revision', seen: this.present });
  }

  private complain(error: unknown): void {
    if (!this.failing)
      this.parts.log.warn('the history cannot be written; it is tried again', { error: messageOf(error) });
    this.failing = true;
  }

  private async rest(ms: number): Promise<void> {
    if (this.urgent) return;
    this.nap = new AbortController();
    await this.parts.clock.sleep(ms, this.nap.signal).catch(() => undefined);
  }
}
