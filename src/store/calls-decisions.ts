import type { DatabaseSync } from 'node:sqlite';
import type { Approval, AuditEntry, Pause } from './records.ts';
import { optionalText, text } from './rows.ts';

// An audit that grows for ever fills the disk of a small box; a hundred thousand lines are years.
const auditLimit = 100_000;

/** Approvals of withheld removals. */
export function approvalCalls(db: DatabaseSync) {
  return {
    approve(approval: Approval): void {
      db.prepare('INSERT OR REPLACE INTO approvals VALUES (?, ?, ?, ?)').run(
        approval.hash,
        approval.who,
        approval.why ?? null,
        approval.at,
      );
    },
    unapprove(hash: string): void {
      db.prepare('DELETE FROM approvals WHERE hash = ?').run(hash);
    },
    approvals(): readonly Approval[] {
      return db
        .prepare('SELECT * FROM approvals ORDER BY at')
        .all()
        .map((row) => ({
          hash: text(row, 'hash'),
          who: text(row, 'who'),
          why: optionalText(row, 'why'),
          at: text(row, 'at'),
        }));
    },
  };
}

/** Holds on pushing. */
export function pauseCalls(db: DatabaseSync) {
  return {
    pause(pause: Pause): void {
      db.prepare('INSERT OR REPLACE INTO pauses VALUES (?, ?, ?, ?, ?)').run(
        pause.scope,
        pause.who,
        pause.why ?? null,
        pause.since,
        pause.expires ?? null,
      );
    },
    resume(scope: string): void {
      db.prepare('DELETE FROM pauses WHERE scope = ?').run(scope);
    },
    pauses(): readonly Pause[] {
      return db
        .prepare('SELECT * FROM pauses ORDER BY since')
        .all()
        .map((row) => ({
          scope: text(row, 'scope'),
          who: text(row, 'who'),
          why: optionalText(row, 'why'),
          since: text(row, 'since'),
          expires: optionalText(row, 'expires'),
        }));
    },
  };
}

/** Who did what. */
export function auditCalls(db: DatabaseSync) {
  return {
    audit(entry: AuditEntry): void {
      const { lastInsertRowid } = db
        .prepare('INSERT INTO audit (at, who, why, action, detail) VALUES (?, ?, ?, ?, ?)')
        .run(entry.at, entry.who, entry.why ?? null, entry.action, entry.detail);
      db.prepare('DELETE FROM audit WHERE number <= ?').run(Number(lastInsertRowid) - auditLimit);
    },
    /** The newest entries, of one action where one is named. */
    audits(limit: number, action?: string): readonly AuditEntry[] {
      return db
        .prepare('SELECT * FROM audit WHERE ?1 IS NULL OR action = ?1 ORDER BY number DESC LIMIT ?2')
        .all(action ?? null, limit)
        .map((row) => ({
          at: text(row, 'at'),
          who: text(row, 'who'),
          why: optionalText(row, 'why'),
          action: text(row, 'action'),
          detail: text(row, 'detail'),
        }));
    },
  };
}
