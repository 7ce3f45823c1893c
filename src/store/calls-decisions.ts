import type { DatabaseSync } from 'node:sqlite';
import type { Approval, AuditEntry, Pause, Window } from './records.ts';
import { integer, optionalText, text } from './rows.ts';

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

/** Freezes that were planned. */
export function windowCalls(db: DatabaseSync) {
  return {
    addWindow({ scope, who, why, since, starts, expires }: Window): void {
      db.prepare(
        'INSERT INTO windows (scope, who, why, since, starts, expires) VALUES (?, ?, ?, ?, ?, ?)',
      ).run(scope, who, why ?? null, since, starts, expires);
    },
    /** Forgets those of a scope that have begun before a time, and all whose end is over. */
    dropWindows(scope: string, before: string, now: string): void {
      db.prepare('DELETE FROM windows WHERE (scope = ? AND starts <= ?) OR expires <= ?').run(
        scope,
        before,
        now,
      );
    },
    windows(): readonly Window[] {
      return db
        .prepare('SELECT * FROM windows ORDER BY starts')
        .all()
        .map((row) => ({
          scope: text(row, 'scope'),
          who: text(row, 'who'),
          why: optionalText(row, 'why'),
          since: text(row, 'since'),
          starts: text(row, 'starts'),
          expires: text(row, 'expires'),
        }));
    },
  };
}

/** Numbers that only rise, whatever else is lost. */
export function markCalls(db: DatabaseSync) {
  return {
    raiseMark(name: string, value: number): void {
      db.prepare(
        'INSERT INTO marks VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = max(value, ?2)',
      ).run(name, value);
    },
    mark(name: string): number {
      const row = db.prepare('SELECT value FROM marks WHERE name = ?').get(name);
      return row === undefined ? 0 : integer(row, 'value');
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
