import type { DatabaseSync } from 'node:sqlite';
import { deflateSync, inflateSync } from 'node:zlib';
import { digestOf } from '../../model/bundle.ts';
import type { RegistryTexts } from '../../model/registry-texts.ts';
import { text } from '../rows.ts';

/** Keeps a text once, however many revisions have it. @returns its name. */
export function keepText(db: DatabaseSync, body: string): string {
  const sha = digestOf(body);
  if (db.prepare('SELECT 1 FROM texts WHERE sha = ?').get(sha) === undefined)
    db.prepare('INSERT INTO texts VALUES (?, ?)').run(sha, deflateSync(body));
  return sha;
}

/** A kept text; undefined where it is not kept. */
export function keptText(db: DatabaseSync, sha: string): string | undefined {
  const body = db.prepare('SELECT body FROM texts WHERE sha = ?').get(sha)?.['body'];
  return body instanceof Uint8Array ? inflateSync(body).toString('utf8') : undefined;
}

/** All texts of a revision. */
export function textsOfRevision(db: DatabaseSync, number: number): RegistryTexts {
  const rows = db.prepare('SELECT path, sha FROM revision_texts WHERE revision = ?').all(number);
  const texts: Record<string, string> = {};
  for (const row of rows) {
    const body = keptText(db, text(row, 'sha'));
    if (body !== undefined) texts[text(row, 'path')] = body;
  }
  return texts;
}

/** Forgets texts that no revision has any more. */
export function dropOrphanTexts(db: DatabaseSync): void {
  db.exec(`DELETE FROM texts WHERE sha NOT IN (SELECT sha FROM revision_texts)
    AND sha NOT IN (SELECT plans FROM revisions)`);
}
