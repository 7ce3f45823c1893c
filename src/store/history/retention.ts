import type { DatabaseSync } from 'node:sqlite';
import { integer } from '../rows.ts';
import type { Retention } from './records.ts';
import { dropOrphanTexts } from './texts.ts';
import { inTransaction } from './values.ts';

// Whatever the limits say, what is now and what was before it stay, and with them the last outcomes.
const keptRevisions = 2;
const keptPushes = 200;
const chunk = 500;
const agedChunk = 5_000;
const rounds = 8;

/** Forgetting, by count, age and size, the oldest first. */
export function retentionCalls(db: DatabaseSync) {
  return {
    /** Forgets a little of what is beyond the limits, so that others are not held up. @returns true where more is left to forget. */
    trim(limits: Retention, oldest: string): boolean {
      const aged = inTransaction(db, () => forgetAged(db, limits, oldest));
      const most = limits.maxMegabytes * 1_000_000;
      let more = aged;
      for (let round = 0; round < rounds && !more && sizeOf(db) > most; round += 1)
        more = inTransaction(db, () => forgetSome(db)) && round === rounds - 1;
      // Gives the room back to the file system, a little at a time.
      db.exec('PRAGMA incremental_vacuum(2000)');
      if (!more) db.exec('PRAGMA wal_checkpoint(PASSIVE)');
      return more;
    },
    /** Bytes in use. */
    size(): number {
      return sizeOf(db);
    },
  };
}

/** @returns true where more of the old outcomes are left. */
function forgetAged(db: DatabaseSync, { maxRevisions }: Retention, oldest: string): boolean {
  forgetRevisions(db, maxRevisions, oldest);
  // Outcomes stand in the order of time: the first ones tell whether any is too old.
  const { changes } = db
    .prepare(
      `DELETE FROM pushes WHERE last < ? AND number <= (SELECT max(number) FROM pushes) - ?
       AND number IN (SELECT number FROM pushes ORDER BY number LIMIT ?)`,
    )
    .run(oldest, keptPushes, agedChunk);
  db.prepare('DELETE FROM gaps WHERE at < ?').run(oldest);
  dropOrphanTexts(db);
  return Number(changes) === agedChunk;
}

function forgetRevisions(db: DatabaseSync, most: number, oldest: string): void {
  const newest = integer(db.prepare('SELECT max(number) AS number FROM revisions').get() ?? {}, 'number');
  const floor = db
    .prepare('SELECT number FROM revisions ORDER BY number DESC LIMIT 1 OFFSET ?')
    .get(Math.max(most, keptRevisions) - 1);
  const below = floor === undefined ? 0 : integer(floor, 'number');
  const safe = newest - keptRevisions + 1;
  for (const table of ['revision_texts', 'revisions']) {
    const column = table === 'revisions' ? 'number' : 'revision';
    db.prepare(
      `DELETE FROM ${table} WHERE ${column} < ?1 AND (${column} < ?2 OR ${column} IN
       (SELECT number FROM revisions WHERE at < ?3))`,
    ).run(safe, below, oldest);
  }
}

/** @returns false where nothing is left that may go. */
function forgetSome(db: DatabaseSync): boolean {
  const pushes = db
    .prepare(
      `DELETE FROM pushes WHERE number IN (SELECT number FROM pushes WHERE number <=
       (SELECT max(number) FROM pushes) - ? ORDER BY number LIMIT ?)`,
    )
    .run(keptPushes, chunk);
  if (pushes.changes > 0) return true;
  const count = integer(db.prepare('SELECT count(*) AS count FROM revisions').get() ?? {}, 'count');
  if (count <= keptRevisions) return false;
  forgetRevisions(db, Math.max(keptRevisions, Math.floor(count * 0.9)), '');
  dropOrphanTexts(db);
  return true;
}

/** Bytes in use: pages that are free already will be used again. */
function sizeOf(db: DatabaseSync): number {
  const pragma = (name: string): number =>
    Number(Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0] ?? 0);
  return (pragma('page_count') - pragma('freelist_count')) * pragma('page_size');
}
