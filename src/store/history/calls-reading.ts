import type { DatabaseSync } from 'node:sqlite';
import { registryChanges } from '../../model/registry-changes.ts';
import { alignedTexts, type RevisionSource } from '../../model/registry-shares.ts';
import { integer, text, type Row } from '../rows.ts';
import { editedSources, editsOf, type Authors } from './authors.ts';
import type { FindingRow, ObjectRow, RevisionDetail, RevisionRow, RevisionTexts } from './records.ts';
import { keptText, textsOfRevision } from './texts.ts';
import { jsonOf, textOrNull } from './values.ts';

export const revisionsSql = 'SELECT * FROM revisions WHERE number < ? ORDER BY number DESC LIMIT ?';

/** Digests that begin with a word: hexadecimal digits end before the letter g. */
export const namedSql =
  'SELECT max(number) AS number FROM revisions WHERE digest >= ? AND digest < ? GROUP BY digest';

/** Reading revisions. */
export function readingCalls(db: DatabaseSync) {
  return {
    /** Revisions, newest first; `before` goes on below a number. */
    revisions(limit: number, before: number | null): readonly RevisionRow[] {
      const held = holdings(db);
      return db
        .prepare(revisionsSql)
        .all(before ?? Number.MAX_SAFE_INTEGER, limit)
        .map((row) => rowOf(db, row, held));
    },
    /** The numbers that a word names: `R12`, `12`, the beginning of a digest, `latest`, `previous`. Several where it is not clear. */
    revisionsNamed(word: string): readonly number[] {
      return named(db, word);
    },
    /** The newest revision that changed a text of a source. */
    newestEditOf(source: string): number | undefined {
      const rows = db.prepare('SELECT number, changed FROM revisions ORDER BY number DESC').iterate();
      for (const row of rows)
        if (editedSources(jsonOf<Authors>(row, 'changed', {})).includes(source))
          return integer(row, 'number');
      return undefined;
    },
    revision(number: number): RevisionDetail | undefined {
      const row = db.prepare('SELECT * FROM revisions WHERE number = ?').get(number);
      return row === undefined ? undefined : detailOf(db, row);
    },
    /** The texts of one revision; with `below`, of the newest one before that number. */
    revisionTexts(number: number, below = false): RevisionTexts | undefined {
      const sql = `SELECT * FROM revisions WHERE number ${below ? '<' : '='} ? ORDER BY number DESC LIMIT 1`;
      const row = db.prepare(sql).get(number);
      if (row === undefined) return undefined;
      return {
        number: integer(row, 'number'),
        digest: text(row, 'digest'),
        at: text(row, 'at'),
        who: textOrNull(row, 'who'),
        why: textOrNull(row, 'why'),
        texts: textsOfRevision(db, integer(row, 'number')),
        ...sourcesOf(row),
        edits: editsOf(jsonOf<Authors>(row, 'changed', {})),
      };
    },
  };
}

function detailOf(db: DatabaseSync, row: Row): RevisionDetail {
  const number = integer(row, 'number');
  const before = db
    .prepare('SELECT number, sources FROM revisions WHERE number < ? ORDER BY number DESC LIMIT 1')
    .get(number);
  return {
    ...rowOf(db, row, holdings(db)),
    findings: jsonOf<readonly FindingRow[]>(row, 'findings', []),
    objects: jsonOf<readonly ObjectRow[]>(row, 'objects', []),
    changes: before === undefined ? [] : changesSince(db, before, row),
    before: before === undefined ? null : integer(before, 'number'),
    ...sourcesOf(row),
  };
}

function changesSince(db: DatabaseSync, before: Row, row: Row): RevisionDetail['changes'] {
  const texts = textsOfRevision(db, integer(before, 'number'));
  const was = alignedTexts(texts, sourcesOf(before).sources, sourcesOf(row).sources);
  return registryChanges(was, textsOfRevision(db, integer(row, 'number')));
}

function named(db: DatabaseSync, word: string): readonly number[] {
  const numbers = (sql: string, ...values: readonly (string | number)[]): readonly number[] =>
    db
      .prepare(sql)
      .all(...values)
      .map((row) => integer(row, 'number'));
  const newest = 'SELECT number FROM revisions ORDER BY number DESC LIMIT 1 OFFSET ?';
  if (word === 'latest') return numbers(newest, 0);
  if (word === 'previous') return numbers(newest, 1);
  const digits = /^R?(\d{1,12})$/iu.exec(word)?.[1];
  const found =
    digits === undefined ? [] : numbers('SELECT number FROM revisions WHERE number = ?', Number(digits));
  if (found.length > 0 || !/^[0-9a-f]{6,64}$/u.test(word)) return found;
  // One content may have come back under a second number: the newer one is meant.
  return numbers(namedSql, word, `${word}g`);
}

function holdings(db: DatabaseSync): ReadonlyMap<string, string> {
  return new Map(
    db
      .prepare('SELECT node, desired FROM holdings')
      .all()
      .map((row) => [text(row, 'node'), text(row, 'desired')]),
  );
}

function rowOf(db: DatabaseSync, row: Row, held: ReadonlyMap<string, string>): RevisionRow {
  return {
    number: integer(row, 'number'),
    digest: text(row, 'digest'),
    at: text(row, 'at'),
    source: text(row, 'source'),
    who: textOrNull(row, 'who'),
    why: textOrNull(row, 'why'),
    summary: text(row, 'summary'),
    complete: integer(row, 'complete') === 1,
    findings: jsonOf<readonly unknown[]>(row, 'findings', []).length,
    ...reach(keptText(db, text(row, 'plans')), held),
    ...(sourcesOf(row).sources === undefined
      ? {}
      : { edited: editedSources(jsonOf<Authors>(row, 'changed', {})) }),
  };
}

/** Absent where there was one source. */
function sourcesOf(row: Row): { readonly sources?: RevisionSource[] } {
  const sources = jsonOf<RevisionSource[]>(row, 'sources', []);
  return sources.length === 0 ? {} : { sources };
}

function reach(
  plans: string | undefined,
  held: ReadonlyMap<string, string>,
): { readonly nodes: number; readonly current: number } {
  const wanted = Object.entries(JSON.parse(plans ?? '{}') as Readonly<Record<string, readonly string[]>>);
  let [nodes, current] = [0, 0];
  for (const [digest, ids] of wanted) {
    nodes += ids.length;
    current += ids.filter((id) => held.get(id) === digest).length;
  }
  return { nodes, current };
}
