import { DatabaseSync } from 'node:sqlite';
import { migrate } from './migrate.ts';
import { durableMigrations } from './shape.ts';

// SQLite's own number for a malformed database; a failed check is treated like the error a read would give.
const corrupt = 11;

/** Opens `durable.db`, proves that it is sound, and brings it to the newest shape. */
export function openDatabase(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { timeout: 5_000 });
  try {
    db.exec('PRAGMA journal_mode = WAL');
    // Whatever is acknowledged survives a power cut.
    db.exec('PRAGMA synchronous = FULL');
    const verdict = db.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
    if (verdict !== 'ok')
      throw Object.assign(new Error(`quick_check: ${String(verdict)}`), { errcode: corrupt });
    migrate(db, durableMigrations);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}
