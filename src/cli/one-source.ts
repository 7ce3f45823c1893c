import type { Settings } from '../config/settings.ts';
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

/** What a name of a source has to be. */
export function expectedIn({ sources }: Settings): string {
  return sources.length === 0
    ? 'no source, because the setting sources names none'
    : `one of ${sources.map(({ name }) => name).join(', ')}`;
}
