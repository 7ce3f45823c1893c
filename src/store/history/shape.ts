import type { Migration } from '../migrate.ts';

/** Every step of `history.db`. A step is never edited once released; a new one adds tables or columns with defaults. */
export const historyMigrations: readonly Migration[] = [
  {
    version: 1,
    readableSince: 1,
    sql: `
      CREATE TABLE texts (sha TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT;
      CREATE TABLE revisions (
        number INTEGER PRIMARY KEY AUTOINCREMENT, digest TEXT NOT NULL, at TEXT NOT NULL, source TEXT NOT NULL,
        who TEXT, why TEXT, summary TEXT NOT NULL, complete INTEGER NOT NULL, findings TEXT NOT NULL,
        objects TEXT NOT NULL, changed TEXT NOT NULL, plans TEXT NOT NULL
      ) STRICT;
      CREATE INDEX revisions_by_digest ON revisions (digest);
      CREATE TABLE revision_texts (
        revision INTEGER NOT NULL, path TEXT NOT NULL, sha TEXT NOT NULL, PRIMARY KEY (revision, path)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX revision_texts_by_sha ON revision_texts (sha);
      CREATE TABLE pushes (
        number INTEGER PRIMARY KEY AUTOINCREMENT, node TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL,
        attempted INTEGER NOT NULL, attempt INTEGER NOT NULL, revision INTEGER, digest TEXT, epoch INTEGER, writer TEXT,
        started TEXT NOT NULL, last TEXT NOT NULL, times INTEGER NOT NULL, total_ms INTEGER NOT NULL,
        wait_ms INTEGER NOT NULL, dial_ms INTEGER NOT NULL, exchange_ms INTEGER NOT NULL, verify_ms INTEGER NOT NULL,
        ok INTEGER NOT NULL, changed INTEGER NOT NULL, cause TEXT, evidence TEXT NOT NULL, desired TEXT, installed TEXT,
        rungs TEXT NOT NULL, notes TEXT NOT NULL, receipt TEXT, state TEXT, who TEXT, why TEXT
      ) STRICT;
      CREATE INDEX pushes_by_node ON pushes (node, number);
      CREATE INDEX pushes_by_revision ON pushes (revision, number);
      CREATE TABLE holdings (node TEXT PRIMARY KEY, desired TEXT NOT NULL, at TEXT NOT NULL) STRICT, WITHOUT ROWID;
      CREATE TABLE gaps (at TEXT NOT NULL, rows INTEGER NOT NULL) STRICT;
    `,
  },
  {
    version: 2,
    readableSince: 1,
    // What a revision was made of, where there were several sources.
    sql: "ALTER TABLE revisions ADD COLUMN sources TEXT NOT NULL DEFAULT '[]';",
  },
];
