import { SyncError } from '../lib/errors.ts';
import type { Call } from './call.ts';
import { expectedIn } from './one-source.ts';
import { wrongWord } from './words.ts';

/** True where a command that names no source looks at several at once. */
export async function looksAtSeveral(call: Call): Promise<boolean> {
  return call.globals.source === undefined && (await call.settings()).sources.length > 1;
}

/**
 * An edit goes into one source, and nobody guesses which.
 * @throws SyncError `usage` where there are several and none is named.
 */
export async function needOneSource(call: Call): Promise<void> {
  if (!(await looksAtSeveral(call))) return;
  throw new SyncError('usage', `--source: expected ${expectedIn(await call.settings())}, got nothing`, {
    remedy: 'name the source that is to be edited with --source',
  });
}

/**
 * Revisions keep the texts of the first source alone.
 * @throws SyncError `usage` where another one is named.
 */
export async function needHome(call: Call, what: string): Promise<void> {
  const [home] = (await call.settings()).sources;
  const { source } = call.globals;
  if (home === undefined || source === home.name) return;
  throw wrongWord(
    {
      place: `${what} --source`,
      expected: `${home.name}, whose texts the revisions keep`,
      remedy: `pass --source ${home.name}; other sources are edited where they are`,
    },
    source,
  );
}
