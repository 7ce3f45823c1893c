import type { RevisionTexts } from '../contract/history.ts';
import { textsFrom } from '../model/registry-shares.ts';
import type { RegistryTexts } from '../model/registry-texts.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { objectsOf } from '../registry/objects-of.ts';
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
