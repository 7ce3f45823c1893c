import { SyncError } from '../lib/errors.ts';
import type { Call } from './call.ts';
import { expectedIn } from './one-source.ts';

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
    remedy: 'name the source that is meant with --source',
  });
}

/** The name of the source that this run edits, where the settings name sources: the history knows its texts by it. */
export async function shareOf(call: Call): Promise<string | undefined> {
  return call.globals.source ?? (await call.settings()).sources[0]?.name;
}
