import type { Settings } from '../config/settings.ts';
import { SyncError } from '../lib/errors.ts';
import type { Call } from './call.ts';
import { wrongWord } from './words.ts';

/**
 * The settings with one of the sources as the only one.
 * @throws SyncError `usage` for a name that is none of theirs.
 */
export function oneSource(settings: Settings, name: string): Settings {
  const entry = settings.sources.find((one) => one.name === name);
  if (entry === undefined)
    throw wrongWord(
      { place: '--source', expected: expectedIn(settings), remedy: 'see the setting sources' },
      name,
    );
  const { kind, directory, kubeconfig, context, namespace } = entry;
  const source = { ...settings.source, kind, directory, kubeconfig, context, namespace };
  return { ...settings, source, sources: [] };
}

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

function expectedIn({ sources }: Settings): string {
  return sources.length === 0
    ? 'no source, because the setting sources names none'
    : `one of ${sources.map(({ name }) => name).join(', ')}`;
}
