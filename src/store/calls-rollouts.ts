import type { DatabaseSync } from 'node:sqlite';
import type { NodeId } from '../model/node.ts';
import { driftModes, type DriftRule } from '../model/rollout.ts';
import { inTransaction, optionalText, text } from './rows.ts';

/** What one turn of a rollout changes: all of it, or nothing. */
export interface RolloutTurn {
  readonly number: number;
  readonly revision: string;
  /** The record as JSON. */
  readonly body: string;
  /** The last good snapshot that a new rollout stands on. */
  readonly base?: { readonly revision: string; readonly body: string };
}

// What a later question about the past needs stands in the history; here only what a restart needs.
const keptRollouts = 20;

/** Rollouts, and the snapshot that the newest would go back to. */
export function rolloutCalls(db: DatabaseSync) {
  return {
    keepRollout({ number, revision, body, base }: RolloutTurn): void {
      inTransaction(db, () => {
        db.prepare('INSERT OR REPLACE INTO rollouts VALUES (?, ?, ?)').run(number, revision, body);
        db.prepare('DELETE FROM rollouts WHERE number <= ?').run(number - keptRollouts);
        if (base === undefined) return;
        db.exec('DELETE FROM bases');
        db.prepare('INSERT INTO bases VALUES (?, ?)').run(base.revision, base.body);
      });
    },
    lastRollout(): string | undefined {
      const row = db.prepare('SELECT body FROM rollouts ORDER BY number DESC LIMIT 1').get();
      return row === undefined ? undefined : text(row, 'body');
    },
    rolloutBase(revision: string): string | undefined {
      const row = db.prepare('SELECT body FROM bases WHERE revision = ?').get(revision);
      return row === undefined ? undefined : text(row, 'body');
    },
  };
}

/** How drift is treated on single nodes. */
export function driftCalls(db: DatabaseSync) {
  return {
    setDrift({ node, mode, who, why, since }: DriftRule): void {
      db.prepare('INSERT OR REPLACE INTO drift VALUES (?, ?, ?, ?, ?)').run(
        node,
        mode,
        who,
        why ?? null,
        since,
      );
    },
    dropDrift(node: NodeId): void {
      db.prepare('DELETE FROM drift WHERE node = ?').run(node);
    },
    driftRules(): readonly DriftRule[] {
      return db
        .prepare('SELECT * FROM drift ORDER BY since')
        .all()
        .map((row) => ({
          node: text(row, 'node') as NodeId,
          // A mode of a later version is a person's wish to be careful.
          mode: driftModes.find((mode) => mode === row['mode']) ?? 'freeze',
          who: text(row, 'who'),
          why: optionalText(row, 'why'),
          since: text(row, 'since'),
        }));
    },
  };
}
