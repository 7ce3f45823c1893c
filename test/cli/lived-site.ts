import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeKey } from '../../src/enrol/key-files.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { openDatabase } from '../../src/store/database.ts';
import { durableCalls } from '../../src/store/calls.ts';
import { fileRevision, settingsOf } from './history-site.ts';
import { demo } from './registry-folder.ts';
import { site, type Site } from './support.ts';

export interface Lived {
  readonly made: Site;
  readonly state: string;
}

/** A site with a revision, an approval, pauses and a term. */
export async function lived(): Promise<Lived> {
  const made = await site(demo);
  const state = (await settingsOf(made)).daemon.stateDirectory;
  await fileRevision(made);
  const db = openDatabase(join(state, 'durable.db'));
  const calls = durableCalls(db);
  calls.approve({ hash: 'abc', who: 'ada', why: 'x', at: 't' });
  calls.rememberTerm({ term: { clusterId: 'c', epoch: 7, writer: 'w' }, seqLimit: 5 });
  db.close();
  mkdirSync(join(state, 'objects'));
  for (const name of [
    'effective.json',
    'pauses.json',
    'last-good-1.json.previous',
    'objects/one.json',
    'lock',
  ])
    writeFileSync(join(state, name), name, { mode: 0o600 });
  // What a controller leaves beside its state.
  for (const name of ['lock', 'term.json.lock', 'history.db.damaged-20260101T000000Z'])
    writeFileSync(join(state, name), '');
  return { made, state };
}

/** The key of restricted nodes as an enrolment leaves it, and a name beside it that another release may have given. */
export async function ownKey(state: string): Promise<{ readonly file: string; readonly text: string }> {
  const { path } = await makeKey(state, 1, systemRandom);
  writeFileSync(join(state, 'identity/nodes.json'), '["before"]', { mode: 0o600 });
  return { file: path, text: readFileSync(path, 'utf8') };
}

/** What of a private key must be nowhere, without the lines around it. */
export const bodyOf = (text: string): readonly string[] =>
  text.split('\n').filter((line) => line.length > 0 && !line.startsWith('-----'));

export const everything = (file: string): string => execFileSync('tar', ['-xzOf', file]).toString();
