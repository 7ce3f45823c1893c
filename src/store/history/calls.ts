import type { DatabaseSync } from 'node:sqlite';
import { pushCalls } from './calls-pushes.ts';
import { readingCalls } from './calls-reading.ts';
import { revisionCalls } from './calls-revisions.ts';
import { retentionCalls } from './retention.ts';

/** Everything that can be asked of `history.db`, on one connection; the readers also work on a read-only one. */
export function historyCalls(db: DatabaseSync) {
  return { ...revisionCalls(db), ...readingCalls(db), ...pushCalls(db), ...retentionCalls(db) };
}

export type HistoryCalls = ReturnType<typeof historyCalls>;
