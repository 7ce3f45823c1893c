import { closeSync, existsSync, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Clock } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';
import type { Logger } from '../../lib/logger.ts';
import { databaseSuffixes, moveDatabaseAside } from '../aside.ts';
import { openClient, StoreError, type StoreClient } from '../client.ts';
import type { HistoryCalls } from './calls.ts';

export interface HistoryStoreParts {
  readonly path: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** True where an earlier run must have left a history: that there is none is then worth a word. */
  readonly expected: boolean;
}

/** Thrown once by the call that met the damage: the file was begun anew, and what is now has to be filed again. */
export class HistoryBegunAnew extends Error {
  constructor() {
    super('history.db was begun anew');
    this.name = 'HistoryBegunAnew';
  }
}

// A damaged copy may be as large as the history was.
const keptAside = 2;

/** `history.db`: what may be lost. A damaged file is moved aside and begun anew; a controller goes on without any. */
export class HistoryStore {
  private readonly parts: HistoryStoreParts;
  private client: StoreClient<HistoryCalls> | undefined;
  private renewal: Promise<void> | undefined;

  private constructor(parts: HistoryStoreParts) {
    this.parts = parts;
  }

  /** Never rejects for a bad file: without one nothing is kept, and the log says why. */
  static async open(parts: HistoryStoreParts): Promise<HistoryStore> {
    const store = new HistoryStore(parts);
    if (parts.expected && !existsSync(parts.path))
      parts.log.warn('there is no history.db; the history begins now', { path: parts.path });
    try {
      await store.begin();
    } catch (error) {
      if (isDamage(error)) await store.renew(messageOf(error));
      else store.without(error);
    }
    return store;
  }

  /** True while nothing can be kept. */
  get isOff(): boolean {
    return this.client === undefined;
  }

  /**
   * Asks the store.
   * @throws HistoryBegunAnew where this call met the damage; StoreError where it alone failed.
   */
  async ask<N extends keyof HistoryCalls>(
    name: N,
    ...args: Parameters<HistoryCalls[N]>
  ): Promise<ReturnType<HistoryCalls[N]>> {
    await this.renewal;
    if (this.client === undefined)
      throw new StoreError({ kind: 'io', message: `${this.parts.path} is not open` });
    try {
      return await this.client.call(name, ...args);
    } catch (error) {
      if (!isDamage(error)) throw error;
      // Several calls may meet the damage at once; the file is moved once.
      this.renewal ??= this.renew(messageOf(error)).finally(() => {
        this.renewal = undefined;
      });
      await this.renewal;
      throw new HistoryBegunAnew();
    }
  }

  async close(): Promise<void> {
    await this.client?.close();
    this.client = undefined;
  }

  private async begin(): Promise<void> {
    const { path } = this.parts;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    // SQLite creates its files for everybody to read and gives the -wal and -shm files the mode of this one.
    closeSync(openSync(path, 'a', 0o600));
    this.client = await openClient<HistoryCalls>(path, 'history');
  }

  private async renew(reason: string): Promise<void> {
    const { path, clock, log } = this.parts;
    await this.client?.close().catch(() => undefined);
    this.client = undefined;
    try {
      const aside = moveDatabaseAside(path, clock);
      forgetOldCopies(path);
      await this.begin();
      log.warn('history.db was damaged; it was moved aside and begins anew from the present', {
        aside,
        reason,
      });
    } catch (error) {
      this.without(error);
    }
  }

  private without(error: unknown): void {
    this.parts.log.warn('history.db cannot be used; no history is kept, everything else goes on', {
      path: this.parts.path,
      reason: messageOf(error),
    });
  }
}

function isDamage(error: unknown): boolean {
  return error instanceof StoreError && error.failure.kind === 'damaged';
}

function forgetOldCopies(path: string): void {
  const mark = `${basename(path)}.damaged-`;
  const copies = readdirSync(dirname(path))
    .filter((name) => name.startsWith(mark) && !/-(?:wal|shm)$/u.test(name))
    .sort();
  for (const name of copies.slice(0, -keptAside))
    for (const suffix of databaseSuffixes) rmSync(join(dirname(path), name + suffix), { force: true });
}
