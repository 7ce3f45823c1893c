import type { RevisionTexts } from '../contract/history.ts';
import { textsFrom } from '../model/registry-shares.ts';
import { splitPath, type RegistryTexts } from '../model/registry-texts.ts';
import { registryObjects, type RawObject, type RegistryObject, type Snapshot } from '../model/snapshot.ts';
import { parseRegistries } from '../registry/parse.ts';
import { openSealed } from '../registry/sealed/opened.ts';
import { mergeShares } from '../registry/several/merge.ts';

/** What registries said at one time: all together, and each source by itself where there were several. */
export interface PastState {
  readonly snapshot: Snapshot;
  readonly shares: ReadonlyMap<string, Snapshot>;
}

type Texts = Pick<RevisionTexts, 'texts' | 'sources'>;

/** Reads the texts of a revision with the code of today; what was set aside then is what it was before, as far as that is known. */
export async function pastState(texts: Texts, before: PastState | undefined): Promise<PastState> {
  const { sources } = texts;
  if (sources === undefined)
    return { snapshot: await parsed(texts.texts, before?.snapshot), shares: new Map() };
  const shares = new Map<string, Snapshot>();
  for (const { name } of sources)
    shares.set(name, await parsed(textsFrom(name, texts.texts), before?.shares.get(name)));
  const [home] = sources;
  const ranked = sources.map(({ name, priority }) => {
    const snapshot = shares.get(name);
    return { name, priority, snapshot, state: 'fresh' as const };
  });
  const snapshot = mergeShares(ranked, home?.name ?? '', before?.snapshot);
  return { snapshot: snapshot ?? (await parsed({}, undefined)), shares };
}

async function parsed(texts: RegistryTexts, lastGood: Snapshot | undefined): Promise<Snapshot> {
  const objects = objectsOf(texts);
  await openSealed(objects.values());
  return parseRegistries(objects, lastGood);
}

/** The registry objects that texts of a revision were read from. */
export function objectsOf(texts: RegistryTexts): ReadonlyMap<RegistryObject, RawObject> {
  const data = new Map<string, Record<string, string>>();
  for (const [path, text] of Object.entries(texts)) {
    const { object, key } = splitPath(path);
    data.set(object, { ...data.get(object), [key]: text });
  }
  return new Map(
    registryObjects
      .filter((name) => data.has(name))
      .map((name) => [
        name,
        { name, uid: '', resourceVersion: '', data: data.get(name) ?? {}, annotations: {} },
      ]),
  );
}
