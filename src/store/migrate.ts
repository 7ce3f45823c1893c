import type { DatabaseSync } from 'node:sqlite';

/** One step of the shape of a database; `version` is what `user_version` says after it. */
export interface Migration {
  readonly version: number;
  readonly sql: string;
  /** The oldest program version of the shape that still reads and writes a database after this step. */
  readonly readableSince: number;
}

/** The database has a shape of a later program that this one cannot use. */
export class NewerShape extends Error {
  constructor(found: number, known: number) {
    super(`the database has shape ${String(found)}, this program knows ${String(known)}`);
    this.name = 'NewerShape';
  }
}

/**
 * Brings a database to the newest shape in one transaction. Steps only add, so that the program before this one goes on
 * working after a downgrade: a newer shape is accepted when it says that we can read it.
 */
export function migrate(db: DatabaseSync, migrations: readonly Migration[]): void {
  const found = userVersion(db);
  const known = migrations.at(-1)?.version ?? 0;
  if (found > known) {
    if (readableSince(db) > known) throw new NewerShape(found, known);
    return;
  }
  for (const step of migrations.filter(({ version }) => version > found)) apply(db, step);
}

function apply(db: DatabaseSync, step: Migration): void {
  db.exec('BEGIN IMMEDIATE');
  try {
    db.exec('CREATE TABLE IF NOT EXISTS shape (readable_since INTEGER NOT NULL) STRICT');
    db.exec('DELETE FROM shape');
    db.exec(step.sql);
    db.prepare('INSERT INTO shape VALUES (?)').run(step.readableSince);
    db.exec(`PRAGMA user_version = ${String(step.version)}`);
    db.exec('COMMIT');
  } catch (error) {
    db.exec('ROLLBACK');
    throw error;
  }
}

function userVersion(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
}

function readableSince(db: DatabaseSync): number {
  return Number(db.prepare('SELECT max(readable_since) AS since FROM shape').get()?.['since'] ?? Infinity);
}
