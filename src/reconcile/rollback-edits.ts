import { SyncError } from '../lib/errors.ts';
import { alignedTexts, textsFrom, type RevisionSource } from '../model/registry-shares.ts';
import type { RegistryTexts } from '../model/registry-texts.ts';
import type { RegistryObject } from '../model/snapshot.ts';
import { rollbackSteps } from '../registry/operations/rollback.ts';
import type { RawObjects, Step } from '../registry/operations/step.ts';
import { shareName, unknownShare } from './revision-words.ts';

/** The texts of a revision that somebody wants back. */
export interface Wanted {
  /** As it was named: `R12`, or `east/R12`. */
  readonly word: string;
  /** The source whose share alone is meant. */
  readonly share: string | undefined;
  readonly texts: RegistryTexts;
  readonly sources?: readonly RevisionSource[] | undefined;
}

interface Place {
  readonly share: string | undefined;
  readonly objects: RawObjects | undefined;
  readonly unreadable: string | undefined;
}

/** The steps that bring a revision back, and the place that they are for. */
export interface RollbackEdits<P extends Place> {
  readonly place: P;
  readonly steps: readonly Step[];
}

/**
 * A revision goes back into the source whose texts differ from it. One rollback writes one source: what fails half-way between two
 * clusters would be nobody's wish. The first place is home.
 * @throws SyncError `usage` where several differ and none is named, `notFound` where it has nothing of the named one, `unavailable`.
 */
export function rollbackEdits<P extends Place>(
  wanted: Wanted,
  places: readonly [P, ...P[]],
  only: readonly RegistryObject[],
): RollbackEdits<P> {
  const [home] = places;
  const meant = places.filter(({ share }) => wanted.share === undefined || share === wanted.share);
  if (meant.length === 0)
    throw unknownShare(
      wanted.word,
      places.flatMap(({ share }) => share ?? []),
    );
  const now = home.share === undefined ? undefined : [{ name: home.share, priority: 0, place: '' }];
  const texts = alignedTexts(wanted.texts, wanted.sources, now);
  const differing = meant.flatMap((place) => {
    const own = textsFrom(place.share, texts);
    // A source that came later is not emptied by what was before it.
    if (place.share !== undefined && Object.keys(own).length === 0) return [];
    const steps = rollbackSteps(own, place.objects ?? new Map(), only);
    return steps.length === 0 ? [] : [{ place, steps }];
  });
  const [first, ...others] = differing;
  if (first === undefined) return { place: meant[0] ?? home, steps: [] };
  if (others.length > 0)
    throw severalDiffer(
      wanted.word,
      differing.map(({ place }) => place.share ?? ''),
    );
  const { share, unreadable } = first.place;
  if (unreadable !== undefined)
    throw new SyncError(
      'unavailable',
      `${share ?? 'registries'}: expected a source that can be read, got: ${unreadable}`,
      {
        remedy: 'syncctl doctor',
      },
    );
  return first;
}

function severalDiffer(word: string, shares: readonly string[]): SyncError {
  return new SyncError(
    'usage',
    `rollback: expected a revision of one source, got ${word}, from which ${shares.join(' and ')} differ`,
    { remedy: `bring back one after the other: ${shares.map((share) => shareName(share, word)).join(', ')}` },
  );
}
