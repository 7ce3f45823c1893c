import type { Snapshot } from '../../model/snapshot.ts';
import { previewed, type Step } from '../operations/step.ts';
import type { ShareNow } from '../registry.ts';
import { mergeShares } from './merge.ts';

/** What several sources would say together after edits of some of them, by the name of the source. Pure. */
export function mergedAfter(
  shares: readonly ShareNow[],
  edits: ReadonlyMap<string | undefined, readonly Step[]>,
  before: Snapshot,
): Snapshot {
  const after = shares.map((share) => {
    const steps = edits.get(share.name);
    const { snapshot, kept, parse } = share;
    return steps === undefined
      ? share
      : { ...share, snapshot: previewed(kept ?? new Map(), steps, snapshot, parse) };
  });
  return mergeShares(after, shares[0]?.name ?? '', before) ?? before;
}
