import { SyncError } from '../lib/errors.ts';
import { registryChanges, type EntryChange } from '../model/registry-changes.ts';
import { pathIn, splitSource, textsIn } from '../model/registry-shares.ts';
import { splitPath, textsOf, type RegistryTexts } from '../model/registry-texts.ts';
import { registryObjects, type Snapshot } from '../model/snapshot.ts';
import { newFlaw, previewed, textsAfter, type RawObjects, type Step } from '../registry/operations/step.ts';
import { openEdit } from '../registry/sealed/open-edit.ts';
import type { ShareNow } from '../registry/registry.ts';
import { mergedAfter, type AfterEdit } from '../registry/several/edited.ts';
import type { Source } from '../registry/source.ts';
import type { Engine } from './engine.ts';

/** One place of the registries, as it is now. */
export interface EditPlace {
  /** The name of the source, where there are several. */
  readonly share: string | undefined;
  readonly source: Source;
  /** Undefined where nothing of it was ever read. */
  readonly objects: RawObjects | undefined;
  /** Why it cannot be written now. */
  readonly unreadable: string | undefined;
}

/** Steps by the source that they are for; undefined is the only one. */
export type Edits = ReadonlyMap<string | undefined, readonly Step[]>;

/** The registries as they are now: what is previewed and written stands on nothing older. */
export interface EditGround {
  readonly snapshot: Snapshot;
  /** Home first. */
  readonly places: readonly [EditPlace, ...EditPlace[]];
  /** What they would say. Sealed values that the edits bring are opened first. */
  after(edits: Edits): Promise<AfterEdit>;
}

/**
 * Reads the registries anew.
 * @throws SyncError `unavailable` where the only source cannot be read, or none of several.
 */
export async function readGround(engine: Engine): Promise<EditGround> {
  const { registry, source } = engine.parts;
  await engine.refresh();
  const { snapshot, objects, sourceState, reason, remedy } = registry.current();
  const shares = registry.shares?.();
  const [home, ...others] = (shares ?? []).map(placeOf);
  if (snapshot !== undefined && shares !== undefined && home !== undefined)
    return groundOf({ snapshot, places: [home, ...others] }, (edits) => mergedAfter(shares, edits, snapshot));
  if (sourceState === 'fresh' && snapshot !== undefined && objects !== undefined) {
    const place = { share: undefined, source, objects, unreadable: undefined };
    return groundOf({ snapshot, places: [place] }, (edits) => {
      const after = previewed(objects, edits.get(undefined) ?? [], snapshot);
      return { snapshot: after, flaw: newFlaw(snapshot.findings, after.findings) };
    });
  }
  throw new SyncError(
    'unavailable',
    `registries: expected a readable source, got: ${reason ?? 'nothing'}`,
    remedy === undefined ? {} : { remedy },
  );
}

function placeOf({ name, source, kept, state, reason }: ShareNow): EditPlace {
  const unreadable = state === 'fresh' ? undefined : (reason ?? 'no answer');
  return { share: name, source, objects: kept, unreadable };
}

function groundOf(known: Omit<EditGround, 'after'>, after: (edits: Edits) => AfterEdit): EditGround {
  return {
    ...known,
    after: async (edits) => {
      for (const { share, objects } of known.places) {
        const steps = edits.get(share);
        if (steps !== undefined) await openEdit(objects ?? new Map(), steps);
      }
      return after(edits);
    },
  };
}

/** What the edits change, entry by entry. */
export function changesOf({ places }: EditGround, edits: Edits): readonly EntryChange[] {
  return places.flatMap(({ share, objects = new Map() }) => {
    const steps = edits.get(share);
    if (steps === undefined) return [];
    const [was, is] = [textsOf(objects.values()), textsAfter(objects, steps)];
    return registryChanges(textsIn(share, was), textsIn(share, is));
  });
}

/**
 * The edits that make the registries say these texts.
 * @throws SyncError `usage` for a path that names no source where there are several, or one that is none of them.
 */
export function editsTo(texts: RegistryTexts, { places }: EditGround): Edits {
  const edits = new Map<string | undefined, Step[]>();
  for (const [whole, text] of Object.entries(texts)) {
    const { source, path } = splitSource(whole);
    const place = places.find(({ share }) => share === source);
    const { object: name, key } = splitPath(path);
    const object = registryObjects.find((known) => known === name);
    if (place === undefined || object === undefined) throw wrongPath(whole, path, places);
    edits.set(source, [...(edits.get(source) ?? []), { object, key, edit: () => text }]);
  }
  return edits;
}

function wrongPath(whole: string, path: string, places: readonly EditPlace[]): SyncError {
  const expected = places.map(({ share }) => pathIn(share, path)).join(' or ');
  return new SyncError('usage', `preview: expected ${expected}, got ${whole}`, {
    remedy: 'name the source before the path where there are several, and not where there is one',
  });
}
