import { pathIn } from '../../model/registry-shares.ts';
import type { Finding, Snapshot } from '../../model/snapshot.ts';
import { newFlaw, previewed, type Step } from '../operations/step.ts';
import type { ShareNow } from '../registry.ts';
import { mergeShares } from './merge.ts';

/** What registries would say after an edit, and the first entry that it would have set aside. */
export interface AfterEdit {
  readonly snapshot: Snapshot;
  readonly flaw: Finding | undefined;
}

/**
 * What several sources would say together after edits of some of them, by the name of the source. A name that an edit takes from another
 * source, or loses to it, is told among the findings and is no flaw: a service moves from one to the other by two edits. Pure.
 */
export function mergedAfter(
  shares: readonly ShareNow[],
  edits: ReadonlyMap<string | undefined, readonly Step[]>,
  before: Snapshot,
): AfterEdit {
  let flaw: Finding | undefined;
  const after = shares.map((share) => {
    const steps = edits.get(share.name);
    if (steps === undefined) return share;
    const snapshot = previewed(share.kept ?? new Map(), steps, share.snapshot, share.parse);
    const own = newFlaw(share.snapshot?.findings ?? [], snapshot.findings);
    flaw ??= own === undefined ? undefined : { ...own, path: pathIn(share.name, own.path) };
    return { ...share, snapshot };
  });
  return { snapshot: mergeShares(after, shares[0]?.name ?? '', before) ?? before, flaw };
}
