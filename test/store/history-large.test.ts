import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { historyCalls, type HistoryCalls } from '../../src/store/history/calls.ts';
import { lastPushesSql, pushesSql } from '../../src/store/history/calls-pushes.ts';
import { namedSql, revisionsSql } from '../../src/store/history/calls-reading.ts';
import { openHistoryDatabase } from '../../src/store/history/database.ts';
import { revision } from './history-samples.ts';

const [revisions, pushes, nodes] = [10_000, 100_000, 1_000];
const limits = { maxRevisions: 1_000_000, maxDays: 36_500, maxMegabytes: 1_000_000 };

describe('a history of 10,000 revisions and 100,000 outcomes', () => {
  let folder: string;
  let db: DatabaseSync;
  let calls: HistoryCalls;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'history-'));
    db = openHistoryDatabase(join(folder, 'history.db'));
    calls = historyCalls(db);
    fill(db, calls);
  }, 120_000);
  afterAll(() => {
    db.close();
    rmSync(folder, { recursive: true });
  });

  const plan = (sql: string, ...values: readonly (string | number)[]): string =>
    db
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all(...values)
      .map((row) => String(row['detail']))
      .join('\n');

  it.each([
    ['outcomes of a node', pushesSql({ node: 'n', revision: null }), ['n', 1], 'pushes_by_node'],
    ['outcomes of a revision', pushesSql({ node: null, revision: 1 }), [1, 1], 'pushes_by_revision'],
    ['those of a node in a revision', pushesSql({ node: 'n', revision: 1 }), ['n', 1, 1], 'pushes_by_node'],
    ['revisions by their digest', namedSql, ['a', 'ag'], 'revisions_by_digest'],
    ['a page of revisions', revisionsSql, [9, 1], 'INTEGER PRIMARY KEY'],
    ['texts of a revision', 'SELECT path, sha FROM revision_texts WHERE revision = ?', [1], 'PRIMARY KEY'],
  ] as const)('%s are found by an index, without sorting', (_what, sql, values, index) => {
    const found = plan(sql, ...values);
    expect(found).toContain(index);
    expect(found).not.toMatch(/SCAN (?:pushes|revisions|revision_texts)\b|TEMP B-TREE FOR ORDER BY/u);
  });

  it('the newest outcomes are those of the newest rows, read from the end', () => {
    expect(plan(pushesSql({ node: null, revision: null }), 1)).toBe('SCAN pushes');
    expect(calls.pushes({ node: null, revision: null, limit: 2 }).map(({ number }) => number)).toEqual([
      pushes,
      pushes - 1,
    ]);
  });

  it('the last outcome of every node is found node by node, and no outcome is looked at twice', () => {
    const found = plan(lastPushesSql);
    expect(found).not.toMatch(/SCAN pushes(?! USING COVERING INDEX)/u);
    expect(
      found.match(/SEARCH pushes USING (?:COVERING INDEX pushes_by_node|INTEGER PRIMARY KEY)/gu)?.length,
    ).toBe(4);
    const last = calls.lastPushes();
    expect(last.length).toBe(nodes);
    expect(Math.min(...last.map(({ number }) => number))).toBe(pushes - nodes + 1);
  });

  it('answers for one node, one revision and one word as a small one does', () => {
    expect(calls.pushes({ node: 'node-7', revision: null, limit: 500 }).length).toBe(pushes / nodes);
    expect(
      calls.pushes({ node: 'node-7', revision: 1, limit: 500 }).every(({ node }) => node === 'node-7'),
    ).toBe(true);
    const [newest] = calls.revisions(1, null);
    expect(calls.revisionsNamed(newest?.digest.slice(0, 40) ?? '')).toContain(newest?.number);
    expect(calls.revisions(3, 5).map(({ number }) => number)).toEqual([4, 3, 2]);
  });

  it('forgets by age, by count and by size, a little at a time, and keeps the newest', () => {
    const all = (most: object, oldest = ''): void => {
      while (calls.trim({ ...limits, ...most }, oldest));
    };
    const count = (table: string): unknown => db.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.['n'];
    all({}, day(pushes / 4));
    expect(count('pushes')).toBe((pushes * 3) / 4);
    all({ maxRevisions: 500 });
    expect(count('revisions')).toBe(500);
    expect(count('texts')).toBeLessThan(1_010);
    const half = calls.size() / 2;
    all({ maxMegabytes: half / 1_000_000 });
    expect(calls.size()).toBeLessThanOrEqual(half);
    expect(calls.revisions(1, null)[0]?.number).toBe(revisions);
    expect(calls.pushes({ node: null, revision: null, limit: 1 })[0]?.number).toBe(pushes);
  }, 120_000);
});

/** A day for every thousand outcomes. */
function day(at: number): string {
  return new Date(Date.UTC(2026, 0, 1) + Math.floor(at / 1_000) * 86_400_000).toISOString();
}

/** Rows as the program writes them, but in one transaction: what is asked here is how they are found. */
function fill(db: DatabaseSync, calls: HistoryCalls): void {
  calls.addRevision(revision(['a0']));
  calls.addPushes([], { rows: 0, at: '' });
  db.exec('BEGIN');
  for (let at = 1; at < revisions; at += 1) {
    const { lastInsertRowid } = db
      .prepare(
        `INSERT INTO revisions (digest, at, source, who, why, summary, complete, findings, objects, changed, plans)
         SELECT ?, ?, source, who, why, summary, complete, findings, objects, changed, plans FROM revisions WHERE number = 1`,
      )
      .run(revision([`a${String(at)}`]).digest, day(pushes));
    const sha = at.toString(16).padStart(64, '0');
    db.prepare('INSERT INTO texts SELECT ?, body FROM texts LIMIT 1').run(sha);
    db.prepare('INSERT INTO revision_texts VALUES (?, ?, ?)').run(
      lastInsertRowid,
      'service-registry/services.json',
      sha,
    );
  }
  const insert = db.prepare(
    `INSERT INTO pushes (node, name, kind, attempted, attempt, revision, digest, epoch, writer, started, last, times,
     total_ms, wait_ms, dial_ms, exchange_ms, verify_ms, ok, changed, cause, evidence, desired, installed, rungs, notes,
     receipt, state, who, why)
     VALUES (?, ?, 'change', 1, 1, ?, NULL, 7, 'w', ?, ?, 1, 1, 0, 0, 0, 0, 1, 1, NULL, '', 'd', 'd', '[]', '[]', NULL, 'active', NULL, NULL)`,
  );
  for (let at = 0; at < pushes; at += 1) {
    const node = `node-${String(at % nodes)}`;
    insert.run(node, node, 1 + Math.floor(at / 10), day(at), day(at));
  }
  db.exec('COMMIT');
}
