import { veil } from '../lib/veil.ts';
import { digestOf } from '../model/bundle.ts';
import type { NodeId } from '../model/node.ts';
import type { HeldRemoval } from '../model/plan.ts';
import { sealSnapshot } from '../model/seal.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { clusterDomainChange, publicDomainChange } from './guard-domains.ts';
import { lostDomains, lostNodes, lostServices } from './guard-entries.ts';
import { lostRoutes, modeFlip } from './guard-routes.ts';
import { shareChecks, withUnread } from './guard-sources.ts';
import { defaultGuardLimits, type Candidate, type GuardCheck, type GuardLimits } from './guard-types.ts';

// In this order: each check sees what the ones before it kept.
const checks: readonly GuardCheck[] = [
  lostServices,
  lostNodes,
  lostDomains,
  modeFlip,
  lostRoutes,
  clusterDomainChange,
  publicDomainChange,
];

/**
 * Withholds removals that one change should not make by itself; everything else flows. What was withheld stays in the effective
 * snapshot, which is the base of the next call, so it stays withheld until its hash is approved or the registry has it again.
 */
export function applyGuard(
  base: Snapshot | undefined,
  given: Snapshot,
  approvals: ReadonlySet<string>,
  limits: GuardLimits = defaultGuardLimits,
): { readonly effective: Snapshot; readonly held: readonly HeldRemoval[] } {
  const unread = withUnread(base, given);
  const current = unread === given ? given : sealSnapshot(unread, base).snapshot;
  if (base === undefined) return { effective: { ...current, additionsOnly: !current.complete }, held: [] };
  const held: HeldRemoval[] = [];
  const additionsOnly = base.additionsOnly && !current.complete;
  let effective: Snapshot = { ...current, additionsOnly };
  for (const check of [...shareChecks(base, current), ...checks]) {
    const candidate = check(base, effective, limits);
    if (candidate === undefined) continue;
    const removal = removalOf(candidate);
    if (approvals.has(removal.hash)) continue;
    held.push(removal);
    effective = { ...effective, ...candidate.kept };
  }
  // Kept entries may meet new ones under one name, so the names are decided again.
  return { effective: held.length === 0 ? effective : sealSnapshot(effective, base).snapshot, held };
}

/** Rows that are gone. They are reported and never withdrawn: only `node remove` does that. */
export function orphans(base: Snapshot | undefined, current: Snapshot): readonly NodeId[] {
  return [...(base?.nodes.keys() ?? [])].filter((id) => !current.nodes.has(id));
}

function removalOf({ kind, names, reason, source }: Candidate): HeldRemoval {
  const sorted = [...names].sort();
  // The hash is of what goes; people are shown what they may see.
  const hash = digestOf(JSON.stringify([kind, sorted])).slice(0, 12);
  const whose = source === undefined ? {} : { source };
  return { hash, reason: veil(reason), kind, names: sorted.map(veil), ...whose };
}
