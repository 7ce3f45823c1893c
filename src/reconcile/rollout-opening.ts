import type { NodeId } from '../model/node.ts';
import type { FleetPlan } from '../model/plan.ts';
import type { RolloutPolicy, RolloutRecord } from '../model/rollout.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { changedNodes, contentOf } from '../plan/rollout-content.ts';
import { isGradual } from '../plan/rollout-policy.ts';
import { isOpen, isPinned, openRecord, touchedNodes } from '../plan/rollout-record.ts';

export interface Coming {
  readonly plan: FleetPlan;
  readonly record: RolloutRecord | undefined;
  readonly lost: boolean;
  /** The last good snapshot. */
  readonly before: Snapshot | undefined;
  /** Its plan; rendered only where it is needed. */
  readonly good: () => FleetPlan | undefined;
  readonly policy: RolloutPolicy;
  readonly isAway: (id: NodeId) => boolean;
  readonly failing: (id: NodeId) => string | undefined;
  readonly isRestored: (id: NodeId) => boolean;
  readonly now: string;
}

/** What a new plan means: `record` decides from now on (undefined: nothing does), `store` is to be kept first. */
export interface Opening {
  readonly record: RolloutRecord | undefined;
  readonly good: FleetPlan | undefined;
  readonly store: RolloutRecord | undefined;
}

const everything: Opening = { record: undefined, good: undefined, store: undefined };

/** The registry's newest plan meets the rollout that runs, has stopped, or has ended. */
export function openingOf(coming: Coming): Opening {
  const { record, policy, plan, now } = coming;
  const open = isOpen(record) ? record : undefined;
  if (coming.lost) return assumedHeld(coming);
  if (open === undefined && !isGradual(policy)) return everything;
  const content = contentOf(plan);
  if (record?.content === content) {
    if (open !== undefined) return { record: open, good: coming.good(), store: undefined };
    if (record.phase !== 'superseded') return everything;
  }
  const good = coming.good();
  if (open !== undefined && isSamePin(open, plan)) return pinnedOn(open, { plan, good, content });
  const next = isGradual(policy)
    ? openRecord({
        plan,
        good,
        baseRevision: coming.before?.digest,
        policy,
        away: new Set([...plan.nodes.keys()].filter(coming.isAway)),
        ailing: ailingOf(plan, open, coming.failing),
        touched: open === undefined ? [] : stillTouched(open, coming),
        number: (record?.number ?? 0) + 1,
        now,
        ...authorOf(coming),
      })
    : undefined;
  if (next !== undefined) return { record: next, good, store: next };
  // Nothing new for anybody, or no policy any more: what was open is over.
  return open === undefined
    ? everything
    : { ...everything, store: { ...open, phase: 'superseded', since: now } };
}

/** A pin is of what the registries say: that another release renders it otherwise is no other revision. */
function isSamePin(open: RolloutRecord, { snapshotDigest }: FleetPlan): boolean {
  // Where nothing but the release had changed, the release was what failed.
  return isPinned(open) && open.revision === snapshotDigest && open.base !== open.revision;
}

function pinnedOn(
  open: RolloutRecord,
  { plan, good, content }: { plan: FleetPlan; good: FleetPlan | undefined; content: string },
): Opening {
  const known = new Set(open.batches.flat());
  const more = changedNodes(plan, good).filter((id) => !known.has(id));
  const batches = more.length === 0 ? open.batches : [...open.batches, more];
  const record = { ...open, content, batches };
  return { record, good, store: record };
}

function authorOf({ before, plan }: Coming): Pick<RolloutRecord, 'who' | 'note'> {
  return before?.digest === plan.snapshotDigest
    ? { who: 'sync-controller', note: 'this release renders the same registries otherwise' }
    : { who: 'registry', note: '' };
}

/** Nodes that fail with the last good bytes. What fails since an open rollout has reached it may be that one's doing. */
export function ailingOf(
  plan: FleetPlan,
  open: RolloutRecord | undefined,
  failing: (id: NodeId) => string | undefined,
): ReadonlyMap<NodeId, string> {
  const reached = new Set(open === undefined ? [] : touchedNodes(open));
  const ailing = new Map<NodeId, string>();
  for (const id of plan.nodes.keys()) {
    const cause = failing(id);
    if (cause === undefined) continue;
    // The way back is to the last good bytes: who failed on it fails with those.
    const known = !reached.has(id) || cause === 'rollback_failed' ? cause : open?.ailing?.[id];
    if (known !== undefined) ailing.set(id, known);
  }
  return ailing;
}

/** A row that is gone may come back, and its node with the bytes that it had. */
function stillTouched(record: RolloutRecord, { isRestored }: Coming): readonly NodeId[] {
  return touchedNodes(record).filter((id) => !isRestored(id));
}

/** A record that cannot be read may have been a pin: nobody is written until a person says otherwise. */
function assumedHeld({ plan, policy, now }: Coming): Opening {
  const opened = openRecord({
    plan,
    good: undefined,
    baseRevision: undefined,
    policy,
    away: new Set(),
    ailing: new Map(),
    touched: [],
    number: 1,
    now,
    who: 'sync-controller',
    note: 'the record of the last rollout cannot be read, and is assumed to hold',
  });
  if (opened === undefined) return everything;
  return { record: { ...opened, phase: 'held' }, good: undefined, store: undefined };
}
