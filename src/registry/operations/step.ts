import { SyncError } from '../../lib/errors.ts';
import { knowsSecrets, sealedMark, veil } from '../../lib/veil.ts';
import { contentDigest, textsOf, type RegistryTexts } from '../../model/registry-texts.ts';
import type { Finding, RawObject, RegistryObject, Snapshot } from '../../model/snapshot.ts';
import { findingsAdded } from '../findings-added.ts';
import type { ParseRegistries } from '../last-good.ts';
import { parseRegistries } from '../parse.ts';
import type { Source } from '../source.ts';

/** One write of one data key. Steps are carried out in their order, so that what stands between two of them is the closed state. */
export interface Step {
  readonly object: RegistryObject;
  readonly key: string;
  /** Gets the text as it is at that moment, again after a conflict; undefined leaves it. */
  readonly edit: (text: string | undefined) => string | undefined;
}

export type RawObjects = ReadonlyMap<RegistryObject, RawObject>;

/** The registries as they would be after the steps, without writing anything. */
export function previewed(
  objects: RawObjects,
  steps: readonly Step[],
  lastGood: Snapshot | undefined,
  parse: ParseRegistries = parseRegistries,
): Snapshot {
  const after = new Map(objects);
  for (const { object, key, edit } of steps) {
    const raw = after.get(object) ?? {
      name: object,
      uid: '',
      resourceVersion: '',
      data: {},
      annotations: {},
    };
    const text = edit(raw.data[key]);
    if (text !== undefined) after.set(object, { ...raw, data: { ...raw.data, [key]: text } });
  }
  return parse(after, lastGood);
}

/** The first entry that an edit would have set aside and that was not set aside before. */
export function newFlaw(before: readonly Finding[], after: readonly Finding[]): Finding | undefined {
  return findingsAdded(before, after).added.find(({ severity }) => severity === 'error');
}

/** The texts as they would be after the steps. */
export function textsAfter(objects: RawObjects, steps: readonly Step[]): RegistryTexts {
  const texts: Record<string, string> = { ...textsOf(objects.values()) };
  for (const { object, key, edit } of steps) {
    const path = `${object}/${key}`;
    texts[path] = edit(texts[path]) ?? texts[path] ?? '';
  }
  return texts;
}

/** A text that was written: its path, and the digest of what it says, by which the history knows it again. */
export interface Written {
  readonly path: string;
  readonly content: string;
}

/** Carries the steps out, one after the other. @returns true where anything was written. */
export async function carryOut(
  source: Source,
  steps: readonly Step[],
  onWritten?: (written: Written) => void,
): Promise<boolean> {
  let written = false;
  for (const { object, key, edit } of steps) {
    let text = '';
    const version = await source.edit(object, key, (before) => {
      const after = edit(before);
      refuseOpened(`${object}/${key}`, before, after);
      text = after ?? '';
      return after === before ? undefined : after;
    });
    if (version === undefined) continue;
    written = true;
    const path = `${object}/${key}`;
    onWritten?.({ path, content: contentDigest(path, text) });
  }
  return written;
}

/** An edit takes what it writes from what was read: a value that was sealed must not come out of that in plain. */
function refuseOpened(path: string, before = '', after = ''): void {
  const count = (text: string): number => veil(text).split(sealedMark).length;
  if (!knowsSecrets() || count(after) <= count(before)) return;
  throw new SyncError(
    'conflict',
    `${path}: expected nothing that is sealed elsewhere, got it in plain; nothing was written`,
    {
      remedy: 'seal it with syncctl secret encrypt, and write it by kubectl edit or in the file',
    },
  );
}
