import type { DatabaseSync } from 'node:sqlite';
import type { Digest, TargetKind } from '../model/bundle.ts';
import type { NodeId } from '../model/node.ts';
import type { TargetRecord, TermRecord } from './records.ts';
import { integer, optionalText, text, texts } from './rows.ts';

/** What the targets of nodes showed last. */
export function targetCalls(db: DatabaseSync) {
  return {
    rememberTargets(records: readonly TargetRecord[]): void {
      const put = db.prepare('INSERT OR REPLACE INTO targets VALUES (?, ?, ?, ?, ?, ?)');
      // One transaction for the lot: each commit is an fsync.
      db.exec('BEGIN IMMEDIATE');
      try {
        for (const { node, kind, memory } of records) {
          put.run(
            node,
            kind,
            memory.accepted?.epoch ?? null,
            memory.accepted?.writer ?? null,
            memory.installed ?? null,
            JSON.stringify(memory.rungs),
          );
        }
        db.exec('COMMIT');
      } catch (error) {
        db.exec('ROLLBACK');
        throw error;
      }
    },
    forgetTargets(node: NodeId): void {
      db.prepare('DELETE FROM targets WHERE node = ?').run(node);
    },
    targets(): readonly TargetRecord[] {
      return db
        .prepare('SELECT * FROM targets')
        .all()
        .map((row) => {
          const writer = optionalText(row, 'writer');
          return {
            node: text(row, 'node') as NodeId,
            kind: text(row, 'kind') as TargetKind,
            memory: {
              accepted: writer === undefined ? undefined : { epoch: integer(row, 'epoch'), writer },
              installed: optionalText(row, 'installed') as Digest | undefined,
              rungs: texts(row, 'rungs'),
            },
          };
        });
    },
  };
}

/** The own last term. */
export function termCalls(db: DatabaseSync) {
  return {
    rememberTerm({ term, seqLimit }: TermRecord): void {
      db.prepare('INSERT OR REPLACE INTO terms VALUES (?, ?, ?, ?)').run(
        term.clusterId,
        term.epoch,
        term.writer,
        seqLimit,
      );
    },
    recallTerm(): TermRecord | undefined {
      // Replacing a row gives it a new rowid: the last written term is the newest.
      const row = db.prepare('SELECT * FROM terms ORDER BY rowid DESC LIMIT 1').get();
      if (row === undefined) return undefined;
      const term = {
        clusterId: text(row, 'cluster'),
        epoch: integer(row, 'epoch'),
        writer: text(row, 'writer'),
      };
      return { term, seqLimit: integer(row, 'seq_limit') };
    },
  };
}
