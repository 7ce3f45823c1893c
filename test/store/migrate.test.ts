import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../src/lib/logger.ts';
import { durableCalls } from '../../src/store/calls.ts';
import { migrate, type Migration } from '../../src/store/migrate.ts';
import { openDurable } from '../../src/store/durable.ts';
import { durableMigrations } from '../../src/store/shape.ts';
import { ManualClock } from '../support/manual-clock.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'migrate-'));
  path = join(folder, 'durable.db');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** What the program before this one knew. */
const before = durableMigrations.slice(0, -1);

function using<T>(migrations: readonly Migration[], work: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(path);
  try {
    migrate(db, migrations);
    return work(db);
  } finally {
    db.close();
  }
}

const version = (db: DatabaseSync) => db.prepare('PRAGMA user_version').get()?.['user_version'];
const approval = { hash: 'h', who: 'ada', why: 'yes', at: 't' };

describe('the shape of durable.db', () => {
  it('numbers its steps from 1 without gaps, each readable by some program', () => {
    expect(durableMigrations.map((step) => step.version)).toEqual(
      durableMigrations.map((_, index) => index + 1),
    );
    expect(
      durableMigrations.filter((step) => step.readableSince > step.version || step.readableSince < 1),
    ).toEqual([]);
  });

  it('goes up a version, down to the program before, and up again without loss', () => {
    using(before, (db) => {
      durableCalls(db).approve(approval);
    });
    using(durableMigrations, (db) => {
      expect(version(db)).toBe(durableMigrations.length);
      durableCalls(db).rememberTerm({ term: { clusterId: 'c', epoch: 1, writer: 'w' }, seqLimit: 5 });
      durableCalls(db).pause({ scope: 'all', who: 'ada', why: undefined, since: 't', expires: undefined });
    });
    using(before, (db) => {
      expect(durableCalls(db).approvals()).toEqual([approval]);
      expect(durableCalls(db).pauses()).toHaveLength(1);
      durableCalls(db).audit({ at: 't', who: 'ada', why: undefined, action: 'a', detail: 'd' });
      expect(version(db)).toBe(durableMigrations.length);
    });
    using(durableMigrations, (db) => {
      expect(durableCalls(db).audits(5)).toHaveLength(1);
      expect(durableCalls(db).recallTerm()?.seqLimit).toBe(5);
    });
  });

  it('is the same whether it grew step by step or at once', () => {
    const shapeOf = (db: DatabaseSync) =>
      db.prepare('SELECT name, sql FROM sqlite_schema ORDER BY name').all();
    const grown = durableMigrations
      .map((_, index) => using(durableMigrations.slice(0, index + 1), shapeOf))
      .at(-1);
    rmSync(path);
    expect(using(durableMigrations, shapeOf)).toEqual(grown);
  });

  it('that a later program made unreadable is refused and left alone', async () => {
    const later: Migration = { version: 99, readableSince: 99, sql: 'CREATE TABLE later (x) ' };
    using([...durableMigrations, later], () => undefined);
    const durable = await openDurable({ path, clock: new ManualClock(), log: silentLogger });
    expect(durable.state()).toMatchObject({
      available: false,
      remedy: expect.stringContaining('install the newer version'),
    });
    using([...durableMigrations, later], (db) => expect(version(db)).toBe(99));
  });

  it('that a later program only added to is used as it is', async () => {
    const later: Migration = { version: 99, readableSince: 1, sql: 'CREATE TABLE later (x)' };
    using([...durableMigrations, later], (db) => {
      durableCalls(db).approve(approval);
    });
    const durable = await openDurable({ path, clock: new ManualClock(), log: silentLogger });
    expect(await durable.ask('approvals')).toEqual({ available: true, value: [approval] });
    await durable.close();
  });

  it('stays what it was when a step fails half-way', () => {
    using(durableMigrations, () => undefined);
    const broken: Migration = {
      version: 99,
      readableSince: 1,
      sql: 'CREATE TABLE half (x); SELECT nonsense',
    };
    expect(() => using([...durableMigrations, broken], () => undefined)).toThrow(/nonsense/u);
    using(durableMigrations, (db) => {
      expect(version(db)).toBe(durableMigrations.length);
      expect(db.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE name = 'half'").get()).toEqual({
        n: 0,
      });
    });
  });
});

describe('the audit', () => {
  it('forgets its oldest entries instead of filling the disk', () => {
    using(durableMigrations, (db) => {
      const calls = durableCalls(db);
      db.exec(
        "INSERT INTO audit (number, at, who, action, detail) VALUES (1, 'old', 'x', 'x', 'x'), (100000, 'new', 'x', 'x', 'x')",
      );
      calls.audit({ at: 'newest', who: 'x', why: undefined, action: 'x', detail: 'x' });
      expect(calls.audits(10).map(({ at }) => at)).toEqual(['newest', 'new']);
    });
  });
});
