import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { contentDigest } from '../../src/model/registry-texts.ts';
import { historyCalls, type HistoryCalls } from '../../src/store/history/calls.ts';
import { openHistoryDatabase } from '../../src/store/history/database.ts';
import { historyMigrations } from '../../src/store/history/shape.ts';
import { migrate, NewerShape, type Migration } from '../../src/store/migrate.ts';
import { push, revision, services } from './history-samples.ts';

let folder: string;
let path: string;
let db: DatabaseSync;
let calls: HistoryCalls;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'history-'));
  path = join(folder, 'history.db');
  open();
});
afterEach(() => {
  db.close();
  rmSync(folder, { recursive: true });
});

function open(): void {
  db = openHistoryDatabase(path);
  calls = historyCalls(db);
}

const none = { rows: 0, at: '' };
const count = (table: string): unknown => db.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.['n'];
const path0 = 'service-registry/services.json';

describe('the revisions of history.db', () => {
  it('get numbers from 1, and none for what is in force already', () => {
    expect(calls.addRevision(revision(['a']))).toBe(1);
    expect(calls.addRevision(revision(['a'], { plans: { d1: ['n'] } }))).toBe(1);
    expect(calls.addRevision(revision(['a', 'b']))).toBe(2);
    expect(calls.addRevision(revision(['a']))).toBe(3);
    expect(calls.revisionNames().map(({ number }) => number)).toEqual([1, 2, 3]);
    expect(calls.revisions(10, null).map(({ summary }) => summary)).toEqual([
      '-service b',
      '+service b',
      'the first one kept',
    ]);
  });

  it('get numbers above a mark that outlives the file, and above their own where that is lower', () => {
    expect(calls.addRevision(revision(['a']), 41)).toBe(42);
    expect(calls.addRevision(revision(['a']), 99)).toBe(42);
    expect([calls.addRevision(revision(['a', 'b']), 7), calls.highestRevision()]).toEqual([43, 43]);
  });

  it('name who approved what was withheld, beside who wrote', () => {
    calls.addRevision(revision(['a']));
    const by = { who: 'ada', why: 'moved away' };
    const same = { digest: 'f'.repeat(64), approvals: [by] };
    calls.addRevision(revision(['a'], same));
    expect(calls.revisions(1, null)).toMatchObject([
      { ...by, summary: 'no other texts: a withheld removal was approved' },
    ]);
  });

  it('keep each distinct text once and give every byte back', () => {
    const odd = `{ "x" :\t{"ip":"100.64.0.9","port":1.0e1} , "ü\u0000" : null}\r\n`;
    calls.addRevision(revision(['a'], { texts: { [path0]: odd } }));
    calls.addRevision(revision(['a', 'b']));
    calls.addRevision(revision(['c'], { texts: { [path0]: odd, 'cluster-info/cluster-name': 'c' } }));
    expect(calls.revisionTexts(1)?.texts).toEqual({ [path0]: odd });
    expect(calls.revisionTexts(3)?.texts).toEqual({ [path0]: odd, 'cluster-info/cluster-name': 'c' });
    expect(calls.revisionTexts(3, true)?.number).toBe(2);
    // An empty routing and an empty plan are the same text.
    expect(count('texts')).toBe(4);
  });

  it('are found by number, by the beginning of a digest, and by latest and previous', () => {
    for (const names of [['a'], ['b'], ['a']]) calls.addRevision(revision(names));
    const digest = revision(['b']).digest;
    const found = ['R2', 'r2', '2', digest.slice(0, 8), digest, 'latest', 'previous', revision(['a']).digest];
    expect(found.map((word) => calls.revisionsNamed(word))).toEqual([[2], [2], [2], [2], [2], [3], [2], [3]]);
    expect(['R9', 'ffffff', '61', 'x', '', "' OR 1=1"].flatMap((word) => calls.revisionsNamed(word))).toEqual(
      [],
    );
  });

  it('name every digest that begins with a word', () => {
    calls.addRevision(revision(['a'], { digest: 'abcdef1'.padEnd(64, '0') }));
    calls.addRevision(revision(['b'], { digest: 'abcdef2'.padEnd(64, '0') }));
    expect(calls.revisionsNamed('abcdef')).toEqual([1, 2]);
  });

  it('are attributed to who noted the text, else to the field manager of the key', () => {
    calls.addRevision(revision(['a']));
    const note = {
      path: path0,
      content: contentDigest(path0, services('a', 'b')),
      who: 'ada',
      why: 'more',
    };
    calls.addRevision(revision(['a', 'b'], { edits: [note] }));
    const editors = { 'services.json': 'kubectl-edit' };
    const objects = [{ name: 'service-registry', uid: 'u', resourceVersion: '2', editors }];
    calls.addRevision(revision(['a', 'b', 'c'], { objects, edits: [note] }));
    calls.addRevision(revision(['a']));
    expect(calls.revisions(9, null).map(({ who, why }) => [who, why])).toEqual([
      [null, null],
      ['kubectl-edit', null],
      ['ada', 'more'],
      [null, null],
    ]);
  });

  it('take a note that comes after them, whatever became of formatting and statuses', () => {
    const nodes = 'sync-controller-registry/registry.json';
    const row = (status: string, gap: number) =>
      JSON.stringify({ vps_nodes: [{ ip: '100.64.0.1', status }] }, undefined, gap);
    calls.addRevision(revision(['a']));
    calls.addRevision(revision(['b'], { texts: { [nodes]: row('active', 2) } }));
    const content = contentDigest(nodes, row('pending_sync', 0));
    calls.attribute([{ path: nodes, content, who: 'eve', why: null }]);
    calls.attribute([{ path: nodes, content: 'other', who: 'mallory', why: null }]);
    expect(calls.revisions(1, null)[0]).toMatchObject({ number: 2, who: 'eve', why: null });
  });

  it('say what changed against the one before, entry by entry', () => {
    calls.addRevision(revision(['a', 'b']));
    const text = services('a', 'c').replace('"port": 80', '"port": 81');
    calls.addRevision(revision(['x'], { texts: { [path0]: text, 'domain-registry/routing.json': '' } }));
    const found = calls.revision(2);
    expect(found?.changes.map(({ path: where, change }) => [change, where])).toEqual([
      ['changed', `${path0}/a/port`],
      ['removed', `${path0}/b`],
      ['added', `${path0}/c`],
    ]);
    expect([found?.before, found?.summary]).toEqual([1, '~service a (port), -service b, +service c']);
  });

  it('count the nodes that were last verified with exactly theirs', () => {
    calls.addRevision(revision(['a'], { plans: { d1: ['n1', 'n2'], d2: ['n3'] } }));
    calls.addRevision(revision(['b'], { plans: { d9: ['n1', 'n2'], d2: ['n3'] } }));
    calls.addPushes(
      [
        push('n1', { desired: 'd1' }),
        push('n1', { desired: 'd9' }),
        push('n2', { desired: 'd1' }),
        push('n3', { desired: 'd2' }),
        push('n2', { desired: 'd9', ok: false, cause: 'timeout' }),
      ],
      none,
    );
    expect(calls.revisions(2, null).map(({ nodes, current }) => [nodes, current])).toEqual([
      [3, 2],
      [3, 2],
    ]);
  });
});

describe('the pushes of history.db', () => {
  it('come back as they were, the newest first, by node and by revision', () => {
    calls.addRevision(revision(['a']));
    const one = push('n1', { digest: revision(['a']).digest, notes: ['node_reset'], who: 'ada', why: 'x' });
    const two = push('n2', {
      ok: false,
      changed: false,
      cause: 'timeout',
      evidence: 'no answer',
      receipt: null,
    });
    calls.addPushes([one, two], none);
    const both = calls.pushes({ node: null, revision: null, limit: 10 });
    expect(both).toEqual([
      { ...two, number: 2, revision: null, times: 1, last: two.started },
      { ...one, number: 1, revision: 1, times: 1, last: one.started },
    ]);
    expect(calls.pushes({ node: 'n2', revision: null, limit: 10 })).toEqual([both[0]]);
    expect(calls.pushes({ node: null, revision: 1, limit: 10 })).toEqual([both[1]]);
    expect(calls.lastPushes()).toHaveLength(2);
  });

  it('count looks that found all well in one row, and nothing else', () => {
    const look = push('n1', { kind: 'look', changed: false });
    const held = push('n1', {
      attempted: false,
      ok: false,
      changed: false,
      cause: 'paused',
      evidence: 'by ada',
    });
    const later = '2026-01-01T01:00:00Z';
    calls.addPushes(
      [push('n1'), look, { ...look, started: later }, held, held, push('n1'), push('n1')],
      none,
    );
    const rows = calls.pushes({ node: 'n1', revision: null, limit: 10 });
    expect(rows.map(({ kind, times }) => [kind, times])).toEqual([
      ['change', 1],
      ['change', 1],
      ['change', 2],
      ['look', 2],
      ['change', 1],
    ]);
    expect(rows[3]).toMatchObject({ started: look.started, last: later });
  });

  it('say how many were dropped', () => {
    calls.addPushes([push('n1')], { rows: 41, at: '2026-01-01T00:00:00Z' });
    expect(calls.dropped()).toBe(41);
  });
});

describe('the limits of history.db', () => {
  const limits = { maxRevisions: 1000, maxDays: 365, maxMegabytes: 1000 };

  it('keep the newest revisions by count, with their texts alone', () => {
    for (let n = 0; n < 10; n += 1) calls.addRevision(revision([`s${n}`]));
    calls.trim({ ...limits, maxRevisions: 3 }, '');
    expect(calls.revisionNames().map(({ number }) => number)).toEqual([8, 9, 10]);
    expect(count('revision_texts')).toBe(6);
    expect(calls.revisionTexts(8)?.texts[path0]).toBe(services('s7'));
    // Three registries, and one text of an empty object.
    expect(count('texts')).toBe(4);
    expect(calls.addRevision(revision(['s11']))).toBe(11);
  });

  it('forget by age, and never what is in force and what was before it', () => {
    for (let n = 1; n <= 4; n += 1) calls.addRevision(revision([`s${n}`], { at: `2026-01-0${n}T00:00:00Z` }));
    calls.addPushes(
      Array.from({ length: 300 }, (_, n) => push(`n${n}`, { started: '2025-12-01T00:00:00Z' })),
      none,
    );
    calls.trim(limits, '2026-01-02T00:00:00Z');
    expect(calls.revisionNames().map(({ number }) => number)).toEqual([2, 3, 4]);
    expect(count('pushes')).toBe(200);
    calls.trim(limits, '2027-01-01T00:00:00Z');
    expect(calls.revisionNames().map(({ number }) => number)).toEqual([3, 4]);
  });

  it('give back the room of what is forgotten by size, outcomes first', () => {
    for (let n = 0; n < 4; n += 1) calls.addRevision(revision([`s${n}`]));
    const talk = Array.from({ length: 6_000 }, (_, n) => push('n1', { evidence: `${n} `.repeat(60) }));
    calls.addPushes(talk, none);
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    const before = statSync(path).size;
    while (calls.trim({ ...limits, maxMegabytes: 1 }, ''));
    expect(calls.size()).toBeLessThan(1_000_000);
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    expect(statSync(path).size).toBeLessThan(before / 2);
    expect(calls.revisionNames()).toHaveLength(4);
    expect(calls.pushes({ node: null, revision: null, limit: 1 })[0]?.evidence).toBe(talk.at(-1)?.evidence);
  });

  it('forget revisions by size where no outcomes are left to forget', () => {
    for (let n = 0; n < 40; n += 1) {
      // Text that does not compress, so that it weighs.
      const noise = Array.from({ length: 900 }, (_, at) => contentDigest('x', `${n} ${at}`)).join('');
      calls.addRevision(revision([`s${n}`], { texts: { 'cluster-info/cluster-name': noise } }));
    }
    while (calls.trim({ ...limits, maxMegabytes: 1 }, ''));
    expect(calls.size()).toBeLessThan(1_000_000);
    const kept = calls.revisionNames().map(({ number }) => number);
    expect(kept.at(-1)).toBe(40);
    expect(kept.length).toBeLessThan(40);
  });
});

describe('the shape of history.db', () => {
  it('runs in WAL with normal syncs and gives room back', () => {
    const pragma = (name: string) => Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0];
    expect([pragma('journal_mode'), pragma('synchronous'), pragma('auto_vacuum')]).toEqual(['wal', 1, 2]);
    expect(readdirSync(folder)).toContain('history.db-wal');
  });

  it('numbers its steps from 1 without gaps, each readable by some program', () => {
    expect(historyMigrations.map(({ version }) => version)).toEqual(historyMigrations.map((_, at) => at + 1));
    expect(historyMigrations.filter((step) => step.readableSince > step.version)).toEqual([]);
  });

  const next: Migration = {
    version: historyMigrations.length + 1,
    readableSince: 1,
    sql: `ALTER TABLE pushes ADD COLUMN later TEXT; ALTER TABLE revisions ADD COLUMN later TEXT; CREATE TABLE later (x)`,
  };

  it('goes up a version, down to this program, and up again without loss', () => {
    calls.addRevision(revision(['a']));
    migrate(db, [...historyMigrations, next]);
    db.exec("UPDATE revisions SET later = 'kept'");
    db.close();
    open();
    expect(calls.addRevision(revision(['b']))).toBe(2);
    calls.addPushes([push('n1')], none);
    migrate(db, [...historyMigrations, next]);
    expect(db.prepare('SELECT later FROM revisions ORDER BY number').all()).toEqual([
      { later: 'kept' },
      { later: null },
    ]);
    expect(calls.lastPushes()).toHaveLength(1);
  });

  it('that a later program made unreadable is refused', () => {
    migrate(db, [...historyMigrations, { ...next, readableSince: next.version }]);
    expect(() => openHistoryDatabase(path)).toThrow(NewerShape);
  });
});
