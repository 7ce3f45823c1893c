import type { NodeId } from '../model/node.ts';
import type { FleetPlan } from '../model/plan.ts';
import type { RolloutPolicy, RolloutRecord } from '../model/rollout.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { contentOf } from '../plan/rollout-content.ts';
import { isGradual } from '../plan/rollout-policy.ts';
import { isOpen, openRecord, touchedNodes } from '../plan/rollout-record.ts';

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
  const next = isGradual(policy)
    ? openRecord({
        plan,
        good,
        baseRevision: coming.before?.digest,
        policy,
        away: new Set([...plan.nodes.keys()].filter(coming.isAway)),
        touched: open === undefined ? [] : stillTouched(open, coming),
        number: (record?.number ?? 0) + 1,
        now,
        who: 'registry',
        note: '',
      })
    : undefined;
  if (next !== undefined) return { record: next, good, store: next };
  // Nothing new for anybody, or no policy any more: what was open is over.
  return open === undefined
    ? everything
    : { ...everything, store: { ...open, phase: 'superseded', since: now } };
}

function stillTouched(record: RolloutRecord, { plan, isRestored }: Coming): readonly NodeId[] {
  return touchedNodes(record).filter((id) => plan.nodes.has(id) && !isRestored(id));
}

/** A record that cannot be read may have been a pin: nobody is written until a person says otherwise. */
function assumedHeld({ plan, policy, now }: Coming): Opening {
  const opened = openRecord({
    plan,
    good: undefined,
    baseRevision: undefined,
    policy,
    away: new Set(),
    touched: [],
    number: 1,
    now,
    who: 'sync-controller',
    note: 'the record of the last rollout cannot be read, and is assumed to hold',
  });
  if (opened === undefined) return everything;
  return { record: { ...opened, phase: 'held' }, good: undefined, store: undefined };
}
