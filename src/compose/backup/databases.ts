import { DatabaseSync, backup } from 'node:sqlite';
import { chmodSync } from 'node:fs';
import { messageOf, SyncError } from '../../lib/errors.ts';
import { historyMigrations } from '../../store/history/shape.ts';
import { durableMigrations } from '../../store/shape.ts';
import type { databases } from './state-files.ts';

type DatabaseFile = (typeof databases)[number];

const shapes = { 'durable.db': durableMigrations, 'history.db': historyMigrations } as const;

/** A consistent copy of a database that a daemon may be writing. */
export async function copyDatabase(from: string, to: string): Promise<void> {
  try {
    const db = new DatabaseSync(from, { readOnly: true, timeout: 5_000 });
    try {
      await backup(db, to);
    } finally {
      db.close();
    }
    // One file, without a journal beside it; whoever opens it for work begins one again.
    const copy = new DatabaseSync(to);
    copy.exec('PRAGMA journal_mode = DELETE');
    copy.close();
    chmodSync(to, 0o600);
  } catch (error) {
    throw new SyncError('data', `${from}: expected a sound database, got ${messageOf(error)}`, {
      remedy:
        'syncctl status says what is damaged; a damaged file is moved aside at the next start of the daemon',
      cause: error,
    });
  }
}

/**
 * Proves that a copy is sound and that this program can use it.
 * @throws SyncError `data`.
 */
export function proveDatabase(path: string, name: DatabaseFile): void {
  const refuse = (got: string, remedy: string): never => {
    throw new SyncError(
      'data',
      `${name}: expected a sound database of a version this program knows, got ${got}`,
      {
        remedy,
      },
    );
  };
  let verdict: unknown;
  let [shape, since] = [0, 0];
  try {
    const db = new DatabaseSync(path, { readOnly: true });
    try {
      verdict = db.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
      shape = Number(db.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
      since = Number(db.prepare('SELECT max(readable_since) AS since FROM shape').get()?.['since'] ?? 0);
    } finally {
      db.close();
    }
  } catch (error) {
    refuse(messageOf(error), 'take another backup');
  }
  if (verdict !== 'ok') refuse(String(verdict), 'take another backup');
  const known = shapes[name].at(-1)?.version ?? 0;
  if (shape > known && since > known)
    refuse(`shape ${String(shape)}`, 'install the version that wrote the backup');
}
