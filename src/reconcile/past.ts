import type { HistoryApi, RevisionTexts } from '../contract/history.ts';
import { splitPath, type RegistryTexts } from '../model/registry-texts.ts';
import { registryObjects, type RawObject, type RegistryObject, type Snapshot } from '../model/snapshot.ts';
import { applyGuard } from '../plan/guard.ts';
import { openSealed } from '../registry/sealed/opened.ts';
import type { GuardLimits } from '../plan/guard-types.ts';
import { parseRegistries } from '../registry/parse.ts';

/** A revision, and what a question about it came to. */
export interface PastRevision<T> {
  readonly revision: Omit<RevisionTexts, 'texts'>;
  readonly value: T;
  /** False where an entry that was set aside then can no longer be traced to when it was good. */
  readonly exact: boolean;
}

export interface PastParts {
  readonly history: HistoryApi;
  readonly limits: GuardLimits;
}

/**
 * Asks one thing of every kept revision, newest to oldest, with the code of today. What was in force is rebuilt from the texts;
 * where that needs what was good before, from the revision before.
 */
export async function* pastRevisions<T>(
  parts: PastParts,
  ask: (snapshot: Snapshot) => T,
): AsyncGenerator<PastRevision<T>> {
  let waiting: number[] = [];
  for await (const texts of downwards(parts.history)) {
    const objects = objectsOf(texts.texts);
    await openSealed(objects.values());
    const alone = parseRegistries(objects, undefined);
    if (alone.digest !== texts.digest) {
      waiting.push(texts.number);
      continue;
    }
    yield* await replayed(parts, { base: alone, numbers: waiting }, ask);
    waiting = [];
    yield { revision: nameOf(texts), value: ask(alone), exact: true };
  }
  yield* await replayed(parts, { base: undefined, numbers: waiting }, ask);
}

async function* downwards(history: HistoryApi): AsyncGenerator<RevisionTexts> {
  const [newest] = (await history.revisions(1)).revisions;
  let texts = newest === undefined ? undefined : await history.revisionTexts(newest.number);
  while (texts !== undefined) {
    yield texts;
    texts = await history.revisionTexts(texts.number, true);
  }
}

/** Goes forward from what is certain, one revision at a time: only the answers are kept, never all the snapshots. */
async function replayed<T>(
  { history, limits }: PastParts,
  { base, numbers }: { readonly base: Snapshot | undefined; readonly numbers: readonly number[] },
  ask: (snapshot: Snapshot) => T,
): Promise<readonly PastRevision<T>[]> {
  const answers: PastRevision<T>[] = [];
  let before = base;
  for (const number of numbers.toReversed()) {
    const texts = await history.revisionTexts(number);
    if (texts === undefined) continue;
    const after = follow(before, texts, limits);
    answers.push({
      revision: nameOf(texts),
      value: ask(after),
      exact: after.digest === texts.digest,
    });
    before = after;
  }
  return answers.toReversed();
}

/** What came into force after a state: with withheld removals, or without where they were let go. The digest tells. */
function follow(before: Snapshot | undefined, texts: RevisionTexts, limits: GuardLimits): Snapshot {
  const parsed = parseRegistries(objectsOf(texts.texts), before);
  if (parsed.digest === texts.digest) return parsed;
  const { effective } = applyGuard(before, parsed, new Set(), limits);
  return effective.digest === texts.digest ? effective : parsed;
}

function nameOf({ number, digest, at, who, why }: RevisionTexts): PastRevision<unknown>['revision'] {
  return { number, digest, at, who, why };
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
