import type { Migration } from './migrate.ts';

/** Every step of `durable.db`. A step is never edited once released; a new one adds tables or columns with defaults. */
export const durableMigrations: readonly Migration[] = [
  {
    version: 1,
    readableSince: 1,
    sql: `
      CREATE TABLE approvals (hash TEXT PRIMARY KEY, who TEXT NOT NULL, why TEXT, at TEXT NOT NULL) STRICT;
      CREATE TABLE pauses (scope TEXT PRIMARY KEY, who TEXT NOT NULL, why TEXT, since TEXT NOT NULL, expires TEXT) STRICT;
      CREATE TABLE audit (number INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, who TEXT NOT NULL, why TEXT, action TEXT NOT NULL, detail TEXT NOT NULL) STRICT;
      CREATE TABLE tombstones (node TEXT PRIMARY KEY, address TEXT NOT NULL, row TEXT NOT NULL, pins TEXT NOT NULL, targets TEXT NOT NULL, at TEXT NOT NULL, state TEXT NOT NULL) STRICT;
    `,
  },
  {
    version: 2,
    readableSince: 1,
    sql: `
      CREATE TABLE targets (node TEXT NOT NULL, kind TEXT NOT NULL, epoch INTEGER, writer TEXT, installed TEXT, rungs TEXT NOT NULL, PRIMARY KEY (node, kind)) STRICT, WITHOUT ROWID;
      CREATE TABLE terms (cluster TEXT PRIMARY KEY, epoch INTEGER NOT NULL, writer TEXT NOT NULL, seq_limit INTEGER NOT NULL) STRICT;
    `,
  },
  {
    version: 3,
    readableSince: 1,
    sql: `
      CREATE TABLE rollouts (number INTEGER PRIMARY KEY, revision TEXT NOT NULL, body TEXT NOT NULL) STRICT;
      CREATE TABLE bases (revision TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
      CREATE TABLE drift (node TEXT PRIMARY KEY, mode TEXT NOT NULL, who TEXT NOT NULL, why TEXT, since TEXT NOT NULL) STRICT;
    `,
  },
  {
    version: 4,
    readableSince: 1,
    sql: `
      CREATE TABLE windows (number INTEGER PRIMARY KEY, scope TEXT NOT NULL, who TEXT NOT NULL, why TEXT, since TEXT NOT NULL, starts TEXT NOT NULL, expires TEXT NOT NULL) STRICT;
      CREATE TABLE marks (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    `,
  },
  {
    version: 5,
    readableSince: 1,
    sql: `
      CREATE TABLE tokens (name TEXT PRIMARY KEY, role TEXT NOT NULL, hash TEXT NOT NULL UNIQUE, who TEXT NOT NULL, why TEXT, since TEXT NOT NULL, expires TEXT) STRICT;
    `,
  },
  {
    version: 6,
    readableSince: 1,
    sql: `
      CREATE TABLE node_tokens (number INTEGER PRIMARY KEY AUTOINCREMENT, hash TEXT NOT NULL UNIQUE, node TEXT NOT NULL, who TEXT NOT NULL, why TEXT, since TEXT NOT NULL) STRICT;
    `,
  },
];
