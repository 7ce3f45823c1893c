import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { migrate } from '../migrate.ts';
import { historyMigrations } from './shape.ts';

// SQLite's own number for a malformed database; a failed check is treated like the error a read would give.
const corrupt = 11;
const checkedBytes = 16_000_000;

/** Opens `history.db`, proves that it is sound, and brings it to the newest shape. */
export function openHistoryDatabase(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { timeout: 5_000 });
  try {
    // Counts only before the first table: what is forgotten later gives its room back.
    db.exec('PRAGMA auto_vacuum = INCREMENTAL');
    db.exec('PRAGMA journal_mode = WAL');
    // A power cut may take the last moments, never the file: it holds what may be lost.
    db.exec('PRAGMA synchronous = NORMAL');
    db.exec('PRAGMA journal_size_limit = 4194304');
    db.exec('PRAGMA cache_size = -1024');
    // A check of hundreds of megabytes would hold up a start for seconds: there the damage is met when it is read.
    const small = statSync(path).size <= checkedBytes;
    const verdict = small ? db.prepare('PRAGMA quick_check(1)').get()?.['quick_check'] : 'ok';
    if (verdict !== 'ok')
      throw Object.assign(new Error(`quick_check: ${String(verdict)}`), { errcode: corrupt });
    migrate(db, historyMigrations);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}
