import type { HistoryApi, RevisionTexts } from '../contract/history.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { applyGuard } from '../plan/guard.ts';
import type { GuardLimits } from '../plan/guard-types.ts';
import { pastState, type PastState } from './past-state.ts';

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
    const alone = await pastState(texts, undefined);
    if (alone.snapshot.digest !== texts.digest) {
      waiting.push(texts.number);
      continue;
    }
    yield* await replayed(parts, { base: alone, numbers: waiting }, ask);
    waiting = [];
    yield { revision: nameOf(texts), value: ask(alone.snapshot), exact: true };
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
  { base, numbers }: { readonly base: PastState | undefined; readonly numbers: readonly number[] },
  ask: (snapshot: Snapshot) => T,
): Promise<readonly PastRevision<T>[]> {
  const answers: PastRevision<T>[] = [];
  let before = base;
  for (const number of numbers.toReversed()) {
    const texts = await history.revisionTexts(number);
    if (texts === undefined) continue;
    const after = await follow(before, texts, limits);
    answers.push({
      revision: nameOf(texts),
      value: ask(after.snapshot),
      exact: after.snapshot.digest === texts.digest,
    });
    before = after;
  }
  return answers.toReversed();
}

/** What came into force after a state: with withheld removals, or without where they were let go. The digest tells. */
async function follow(
  before: PastState | undefined,
  texts: RevisionTexts,
  limits: GuardLimits,
): Promise<PastState> {
  const after = await pastState(texts, before);
  if (after.snapshot.digest === texts.digest) return after;
  const { effective } = applyGuard(before?.snapshot, after.snapshot, new Set(), limits);
  return effective.digest === texts.digest ? { ...after, snapshot: effective } : after;
}

function nameOf({ texts: _texts, ...revision }: RevisionTexts): PastRevision<unknown>['revision'] {
  return revision;
}
