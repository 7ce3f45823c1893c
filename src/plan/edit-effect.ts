import type { HeldRemoval } from '../model/plan.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { lostHosts } from './public-hosts.ts';

/** What an edit of the registries comes to, for whoever reads it before it is made. */
export interface EditEffect {
  /** Names that some VPS serves no more. */
  readonly lost: readonly string[];
  readonly gained: readonly string[];
  /** Removals that the guard would hold, and did not hold before. */
  readonly held: readonly HeldRemoval[];
}

/** Compares the registries with what an edit would make of them; `heldBy` is the guard over what is in force. */
export function editEffect(
  before: Snapshot,
  after: Snapshot,
  heldBy: (snapshot: Snapshot) => readonly HeldRemoval[],
): EditEffect {
  const known = new Set(heldBy(before).map(({ hash }) => hash));
  return {
    lost: lostHosts(before, after).lost,
    gained: lostHosts(after, before).lost,
    held: heldBy(after).filter(({ hash }) => !known.has(hash)),
  };
}
