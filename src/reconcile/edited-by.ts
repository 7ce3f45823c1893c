import type { RevisionTexts } from '../contract/history.ts';
import { splitSource } from '../model/registry-shares.ts';

/** Who brought something, and, of several sources, by an edit of which. */
export interface EditedBy {
  readonly source?: string;
  readonly who: string | null;
  readonly why: string | null;
}

/**
 * Whose edit of a revision it was that something of `owner` came by: an edit of that source, else, where it came by what another one
 * gave up, of that one. What is as old as the history came by none that is known.
 */
export function editedBy(
  revision: Pick<RevisionTexts, 'who' | 'why' | 'sources' | 'edits'>,
  owner: string | undefined,
  oldest: boolean,
): EditedBy {
  const { who, why, sources, edits = [] } = revision;
  if (sources === undefined) return { who, why };
  const own = edits.filter(({ path }) => splitSource(path).source === owner);
  const meant = own.length > 0 || oldest ? own : edits;
  const named = [...new Set(meant.flatMap(({ path }) => splitSource(path).source ?? []))];
  const source = named.length > 0 ? named.join(', ') : owner;
  return {
    ...(source === undefined ? {} : { source }),
    who: joined(
      meant.map((edit) => edit.who),
      ', ',
    ),
    why: joined(
      meant.map((edit) => edit.why),
      '; ',
    ),
  };
}

function joined(values: readonly (string | null)[], gap: string): string | null {
  const known = [...new Set(values.filter((value) => value !== null && value !== ''))];
  return known.length === 0 ? null : known.join(gap);
}
