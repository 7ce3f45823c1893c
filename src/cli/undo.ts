import type { HistoryApi, RevisionSummary } from '../contract/history.ts';
import { changedTexts } from '../model/registry-changes.ts';
import { alignedTexts, textsFrom } from '../model/registry-shares.ts';
import { textsOf } from '../model/registry-texts.ts';
import { shareName } from '../reconcile/revision-words.ts';
import type { RawObjects, Step } from '../registry/operations/step.ts';
import type { Call } from './call.ts';
import { openHistory, revisionName } from './history.ts';
import { shareOf } from './several.ts';

/** The registries as they were before a change. */
interface Before {
  readonly snapshot: { readonly digest: string };
  readonly objects: RawObjects;
}

// A change is filed within moments: what was before it is among the newest.
const looked = 8;

/**
 * The command that takes a change of the registries back: the revision of before, of the objects that were written. Undefined where
 * the history does not have what was in force before.
 */
export async function undoOf(
  call: Call,
  { snapshot, objects }: Before,
  steps: readonly Step[],
): Promise<string | undefined> {
  try {
    const history = await openHistory(call);
    const { revisions } = await history.revisions(looked);
    const share = await shareOf(call);
    // The daemon may have filed the change already: the one before it is meant.
    const before =
      share === undefined
        ? revisions.find(({ digest }) => digest === snapshot.digest)
        : await withTexts(history, revisions, { share, objects });
    if (before === undefined) return undefined;
    const only = [...new Set(steps.map(({ object }) => `--only ${object}`))];
    return `syncctl rollback ${shareName(share, revisionName(before.number))} ${only.join(' ')} --reason "…"`;
  } catch {
    // No history, no way back by it; the change is made all the same.
    return undefined;
  }
}

/** A digest is of all sources together: of one alone its texts tell the revision. */
async function withTexts(
  history: HistoryApi,
  revisions: readonly RevisionSummary[],
  { share, objects }: { readonly share: string; readonly objects: RawObjects },
): Promise<RevisionSummary | undefined> {
  const texts = textsOf(objects.values());
  const home = [{ name: share, priority: 0, place: '' }];
  for (const revision of revisions) {
    const kept = await history.revisionTexts(revision.number);
    if (kept === undefined) continue;
    const then = textsFrom(share, alignedTexts(kept.texts, kept.sources, home));
    if (changedTexts(then, texts).length === 0) return revision;
  }
  return undefined;
}
