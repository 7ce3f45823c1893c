import type { DatabaseSync } from 'node:sqlite';
import { changedTexts, registryChanges, summaryOf } from '../../model/registry-changes.ts';
import { alignedTexts, splitSource, type RevisionSource } from '../../model/registry-shares.ts';
import type { RegistryTexts } from '../../model/registry-texts.ts';
import { integer, text, type Row } from '../rows.ts';
import { authorsOf, joined, withNote, type Authors } from './authors.ts';
import type { EditNote, NewRevision } from './records.ts';
import { keepText, textsOfRevision } from './texts.ts';
import { inTransaction, jsonOf } from './values.ts';

// A note may come after the revision it explains; what is older was explained by another.
const attributable = 8;
const keptFindings = 200;

/** Writing revisions. */
export function revisionCalls(db: DatabaseSync) {
  return {
    /** Files a snapshot under a number beyond `above`, unless it is the newest one already. @returns the number that it has. */
    addRevision(revision: NewRevision, above = 0): number {
      return inTransaction(db, () => {
        const newest = db.prepare('SELECT * FROM revisions ORDER BY number DESC LIMIT 1').get();
        const plans = keepText(db, JSON.stringify(revision.plans));
        if (
          newest === undefined ||
          text(newest, 'digest') !== revision.digest ||
          hasMoved(db, newest, revision)
        )
          return file(db, { revision, newest, plans, above });
        // A newer program may render the same snapshot otherwise.
        const number = integer(newest, 'number');
        db.prepare('UPDATE revisions SET plans = ? WHERE number = ?').run(plans, number);
        return number;
      });
    },
    /** Takes notes of who wrote something that may have been filed already. */
    attribute(edits: readonly EditNote[]): void {
      inTransaction(db, () => {
        const rows = db.prepare('SELECT * FROM revisions ORDER BY number DESC LIMIT ?').all(attributable);
        for (const edit of edits) {
          const row = rows.find(
            (one) => jsonOf<Authors>(one, 'changed', {})[edit.path]?.content === edit.content,
          );
          if (row === undefined) continue;
          const authors = withNote(jsonOf<Authors>(row, 'changed', {}), edit);
          row['changed'] = JSON.stringify(authors);
          const { who, why } = joined(authors);
          db.prepare('UPDATE revisions SET who = ?, why = ?, changed = ? WHERE number = ?').run(
            who,
            why,
            row['changed'],
            integer(row, 'number'),
          );
        }
      });
    },
    /** The highest number that was ever given in this file. */
    highestRevision(): number {
      return highest(db);
    },
    /** Every number with its digest, oldest first. */
    revisionNames(): readonly { readonly number: number; readonly digest: string }[] {
      return db
        .prepare('SELECT number, digest FROM revisions ORDER BY number')
        .all()
        .map((row) => ({ number: integer(row, 'number'), digest: text(row, 'digest') }));
    },
  };
}

/** SQLite remembers it beyond the rows. */
function highest(db: DatabaseSync): number {
  const row = db.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'revisions'").get();
  return row === undefined ? 0 : integer(row, 'seq');
}

/** The texts are as they were: a withheld removal was let go, or an entry came back to what it was. */
function unchangedText({ approvals = [] }: NewRevision): string {
  return approvals.length > 0
    ? 'no other texts: a withheld removal was approved'
    : 'no other texts: what is in force changed';
}

/** They have written no text, and brought the revision into force all the same. */
function approversOf({ approvals = [] }: NewRevision): Authors {
  return Object.fromEntries(
    approvals.map(({ who, why }, index) => [`approval ${String(index)}`, { content: '', who, why }]),
  );
}

function file(
  db: DatabaseSync,
  {
    revision,
    newest,
    plans,
    above,
  }: { revision: NewRevision; newest: Row | undefined; plans: string; above: number },
): number {
  const before = newest === undefined ? undefined : textsBefore(db, newest, revision);
  const texts = { ...unreadTexts(before, revision), ...revision.texts };
  const authors = before === undefined ? {} : authorsOf(changedTexts(before, texts), { ...revision, texts });
  const { who, why } = joined({ ...authors, ...approversOf(revision) });
  const summary = before === undefined ? 'the first one kept' : summaryOf(registryChanges(before, texts));
  const { lastInsertRowid } = db
    .prepare(
      `INSERT INTO revisions (number, digest, at, source, who, why, summary, complete, findings, objects, changed, plans, sources)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      Math.max(highest(db), above) + 1,
      revision.digest,
      revision.at,
      revision.source,
      who,
      why,
      summary === '' ? unchangedText(revision) : summary,
      revision.complete ? 1 : 0,
      JSON.stringify(revision.findings.slice(0, keptFindings)),
      JSON.stringify(revision.objects),
      JSON.stringify(authors),
      plans,
      JSON.stringify(revision.sources ?? []),
    );
  const number = Number(lastInsertRowid);
  const put = db.prepare('INSERT INTO revision_texts VALUES (?, ?, ?)');
  for (const [path, body] of Object.entries(texts)) put.run(number, path, keepText(db, body));
  return number;
}

/** An entry that goes from one of several sources to another changes no node, and is an edit all the same. */
function hasMoved(db: DatabaseSync, newest: Row, revision: NewRevision): boolean {
  if (revision.sources === undefined) return false;
  const before = textsBefore(db, newest, revision);
  return changedTexts(before, { ...unreadTexts(before, revision), ...revision.texts }).length > 0;
}

/** The texts of the newest revision, as they compare with those of the one that follows. */
function textsBefore(db: DatabaseSync, newest: Row, { sources }: NewRevision): RegistryTexts {
  const had = jsonOf<readonly RevisionSource[]>(newest, 'sources', []);
  return alignedTexts(textsOfRevision(db, integer(newest, 'number')), had, sources);
}

/** What could not be read is in force as it was, and so are its texts. */
function unreadTexts(before: RegistryTexts = {}, { unread = [] }: NewRevision): RegistryTexts {
  return Object.fromEntries(
    Object.entries(before).filter(([path]) => unread.includes(splitSource(path).source ?? '')),
  );
}
