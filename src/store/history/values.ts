import type { DatabaseSync } from 'node:sqlite';
import { text, type Row } from '../rows.ts';

/** Runs work as one transaction: all of it is kept, or nothing. */
export function inTransaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec('BEGIN IMMEDIATE');
  try {
    const value = work();
    db.exec('COMMIT');
    return value;
  } catch (error) {
    db.exec('ROLLBACK');
    throw error;
  }
}

/** A column that holds JSON of our own making; a damaged value reads as the fallback. */
export function jsonOf<T>(row: Row, column: string, fallback: T): T {
  try {
    // Only this program writes the column, in this form.
    return JSON.parse(text(row, column)) as T;
  } catch {
    return fallback;
  }
}

/** A text column that may be NULL, as the reports have it. */
export function textOrNull(row: Row, column: string): string | null {
  const value = row[column];
  return typeof value === 'string' ? value : null;
}

/** An integer column that may be NULL. */
export function integerOrNull(row: Row, column: string): number | null {
  const value = row[column];
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : null;
}
