import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { integer, optionalText, text, texts, type Row } from '../rows.ts';
import type { NewPush, PhasesRow, PushFilter, PushRow, ReceiptRow } from './records.ts';
import { inTransaction, integerOrNull, jsonOf, textOrNull } from './values.ts';

/** The newest outcomes that fit, each by the index of what is asked: a condition that may be left out would cost a look at every row. */
export function pushesSql({ node, revision }: Pick<PushFilter, 'node' | 'revision'>): string {
  // A node has far fewer outcomes than a revision of a large fleet.
  const wanted = [
    ...(node === null ? [] : ['node = ?']),
    ...(revision === null ? [] : [node === null ? 'revision = ?' : '+revision = ?']),
  ];
  const where = wanted.length === 0 ? '' : `WHERE ${wanted.join(' AND ')} `;
  return `SELECT * FROM pushes ${where}ORDER BY number DESC LIMIT ?`;
}

/** Goes from node to node in the index, however many outcomes each has. */
export const lastPushesSql = `
  WITH RECURSIVE names (node) AS (
    SELECT min(node) FROM pushes
    UNION ALL
    SELECT (SELECT min(node) FROM pushes WHERE node > names.node) FROM names WHERE names.node IS NOT NULL
  )
  SELECT pushes.* FROM names JOIN pushes
    ON pushes.number = (SELECT max(number) FROM pushes WHERE node = names.node)
  WHERE names.node IS NOT NULL`;

/** Outcomes of pushes. */
export function pushCalls(db: DatabaseSync) {
  return {
    /** Keeps outcomes in one transaction, and how many had to be dropped before them. */
    addPushes(pushes: readonly NewPush[], dropped: { readonly rows: number; readonly at: string }): void {
      inTransaction(db, () => {
        const statements = statementsOf(db);
        for (const push of pushes) keep(statements, push);
        if (dropped.rows > 0) db.prepare('INSERT INTO gaps VALUES (?, ?)').run(dropped.at, dropped.rows);
      });
    },
    /** The newest outcomes, newest first. */
    pushes({ node, revision, limit }: PushFilter): readonly PushRow[] {
      const given = [node, revision].filter((value) => value !== null);
      return db
        .prepare(pushesSql({ node, revision }))
        .all(...given, limit)
        .map(pushOf);
    },
    /** The newest outcome of every node. */
    lastPushes(): readonly PushRow[] {
      return db.prepare(lastPushesSql).all().map(pushOf);
    },
    /** How many outcomes were dropped because they came faster than they could be written. */
    dropped(): number {
      return integer(db.prepare('SELECT coalesce(sum(rows), 0) AS rows FROM gaps').get() ?? {}, 'rows');
    },
  };
}

/** What keeping one outcome takes. */
interface Statements {
  readonly revisionOf: StatementSync;
  readonly hold: StatementSync;
  readonly last: StatementSync;
  readonly again: StatementSync;
  readonly insert: StatementSync;
}

/**
 * Compiled once for all outcomes of a transaction: a statement waits for the garbage collector with kilobytes that it does not see,
 * and those of a thousand outcomes were megabytes. They do not outlive the call, as a connection may be closed any time after it.
 */
function statementsOf(db: DatabaseSync): Statements {
  return {
    revisionOf: db.prepare('SELECT max(number) AS number FROM revisions WHERE digest = ?'),
    hold: db.prepare('INSERT OR REPLACE INTO holdings VALUES (?, ?, ?)'),
    last: db.prepare('SELECT * FROM pushes WHERE node = ? ORDER BY number DESC LIMIT 1'),
    again: db.prepare(
      `UPDATE pushes SET times = times + 1, last = ?, total_ms = ?, wait_ms = ?, dial_ms = ?, exchange_ms = ?,
       verify_ms = ?, receipt = ?, epoch = ?, writer = ? WHERE number = ?`,
    ),
    insert: db.prepare(
      `INSERT INTO pushes (node, name, kind, attempted, attempt, revision, digest, epoch, writer, started, last, times,
       total_ms, wait_ms, dial_ms, exchange_ms, verify_ms, ok, changed, cause, evidence, desired, installed, rungs, notes,
       receipt, state, who, why)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
  };
}

function keep(statements: Statements, push: NewPush): void {
  const revision =
    push.digest === null ? null : integerOrNull(statements.revisionOf.get(push.digest) ?? {}, 'number');
  if (push.ok && push.desired !== null) statements.hold.run(push.node, push.desired, push.started);
  const last = statements.last.get(push.node);
  if (last !== undefined && isSame(last, push, revision)) again(statements, last, push);
  else insert(statements, push, revision);
}

/** Looks that found all well, and attempts that were never made, say nothing new the second time. */
function isSame(last: Row, push: NewPush, revision: number | null): boolean {
  const quiet = push.ok ? push.kind === 'look' && !push.changed : !push.attempted;
  return (
    quiet &&
    text(last, 'kind') === push.kind &&
    integer(last, 'ok') === (push.ok ? 1 : 0) &&
    integer(last, 'changed') === 0 &&
    integer(last, 'attempted') === (push.attempted ? 1 : 0) &&
    integerOrNull(last, 'revision') === revision &&
    textOrNull(last, 'cause') === push.cause &&
    textOrNull(last, 'desired') === push.desired &&
    text(last, 'evidence') === push.evidence &&
    text(last, 'notes') === JSON.stringify(push.notes)
  );
}

function again(statements: Statements, last: Row, push: NewPush): void {
  const { waitMs, dialMs, exchangeMs, verifyMs } = push.phases;
  statements.again.run(
    push.started,
    push.totalMs,
    waitMs,
    dialMs,
    exchangeMs,
    verifyMs,
    push.receipt === null ? null : JSON.stringify(push.receipt),
    push.epoch,
    push.writer,
    integer(last, 'number'),
  );
}

function insert(statements: Statements, push: NewPush, revision: number | null): void {
  const { waitMs, dialMs, exchangeMs, verifyMs } = push.phases;
  statements.insert.run(
    push.node,
    push.name,
    push.kind,
    push.attempted ? 1 : 0,
    push.attempt,
    revision,
    push.digest,
    push.epoch,
    push.writer,
    push.started,
    push.started,
    push.totalMs,
    waitMs,
    dialMs,
    exchangeMs,
    verifyMs,
    push.ok ? 1 : 0,
    push.changed ? 1 : 0,
    push.cause,
    push.evidence,
    push.desired,
    push.installed,
    JSON.stringify(push.rungs),
    JSON.stringify(push.notes),
    push.receipt === null ? null : JSON.stringify(push.receipt),
    push.state,
    push.who,
    push.why,
  );
}

function pushOf(row: Row): PushRow {
  return {
    number: integer(row, 'number'),
    node: text(row, 'node'),
    name: text(row, 'name'),
    kind: text(row, 'kind'),
    attempted: integer(row, 'attempted') === 1,
    attempt: integer(row, 'attempt'),
    revision: integerOrNull(row, 'revision'),
    digest: textOrNull(row, 'digest'),
    epoch: integerOrNull(row, 'epoch'),
    writer: textOrNull(row, 'writer'),
    started: text(row, 'started'),
    last: text(row, 'last'),
    times: integer(row, 'times'),
    totalMs: integer(row, 'total_ms'),
    phases: phasesOf(row),
    ok: integer(row, 'ok') === 1,
    changed: integer(row, 'changed') === 1,
    cause: textOrNull(row, 'cause'),
    evidence: text(row, 'evidence'),
    desired: textOrNull(row, 'desired'),
    installed: textOrNull(row, 'installed'),
    rungs: texts(row, 'rungs'),
    notes: texts(row, 'notes'),
    receipt:
      optionalText(row, 'receipt') === undefined ? null : jsonOf<ReceiptRow | null>(row, 'receipt', null),
    state: textOrNull(row, 'state'),
    who: textOrNull(row, 'who'),
    why: textOrNull(row, 'why'),
  };
}

function phasesOf(row: Row): PhasesRow {
  return {
    waitMs: integer(row, 'wait_ms'),
    dialMs: integer(row, 'dial_ms'),
    exchangeMs: integer(row, 'exchange_ms'),
    verifyMs: integer(row, 'verify_ms'),
  };
}
