import type { Node, NodeId } from '../model/node.ts';
import type { FleetPlan, NodePlan } from '../model/plan.ts';
import {
  endedPhases,
  pinnedPhases,
  type OnFailure,
  type RolloutPolicy,
  type RolloutRecord,
} from '../model/rollout.ts';
import { changedNodes, contentOf, goodPlan } from './rollout-content.ts';
import { laneOf, type Lane } from './rollout-lanes.ts';
import { batchesOf } from './rollout-policy.ts';

/** True while it decides which plan a node gets. */
export function isOpen(record: RolloutRecord | undefined): boolean {
  return record !== undefined && !endedPhases.has(record.phase);
}

/** True where the revision must not be pushed further. */
export function isPinned(record: RolloutRecord | undefined): boolean {
  return record !== undefined && pinnedPhases.has(record.phase);
}

/** Nodes that may have the new plan. */
export function releasedNodes({ batches, released }: RolloutRecord): readonly NodeId[] {
  return batches.slice(0, released).flat();
}

/** Nodes that may hold something else than the last good bytes. */
export function touchedNodes(record: RolloutRecord): readonly NodeId[] {
  return [...new Set([...record.touched, ...releasedNodes(record)])];
}

/** What is known when a new plan comes. */
export interface Ground {
  readonly plan: FleetPlan;
  /** The plan of the last good snapshot, rendered today; undefined where there is none. */
  readonly good: FleetPlan | undefined;
  readonly baseRevision: string | undefined;
  readonly policy: RolloutPolicy;
  /** Nodes known to be away: they come last. */
  readonly away: ReadonlySet<NodeId>;
  /** Nodes that fail already, and how. They prove nothing and come last, too. */
  readonly ailing: ReadonlyMap<NodeId, string>;
  readonly touched: readonly NodeId[];
  readonly number: number;
  readonly now: string;
  readonly who: string;
  readonly note: string;
}

/** A rollout that has let nobody in yet. Undefined where the plan brings no node anything new. */
export function openRecord(ground: Ground): RolloutRecord | undefined {
  const { plan, good, policy, ailing, touched, now } = ground;
  const nodes: readonly Node[] = changedNodes(plan, good).flatMap((id) => plan.nodes.get(id)?.node ?? []);
  if (nodes.length === 0) return undefined;
  const last = new Set([...ground.away, ...ailing.keys()]);
  return {
    number: ground.number,
    revision: plan.snapshotDigest,
    content: contentOf(plan),
    base: ground.baseRevision,
    policy,
    batches: batchesOf(nodes, policy, last),
    released: 0,
    touched,
    ailing: Object.fromEntries(nodes.flatMap(({ id }) => pair(id, ailing.get(id)))),
    phase: 'running',
    began: now,
    since: now,
    who: ground.who,
    note: ground.note,
  };
}

function pair<T>(id: NodeId, value: T | undefined): readonly (readonly [NodeId, T])[] {
  return value === undefined ? [] : [[id, value]];
}

/** Stops it: no further node, and those it has reached go back to the last good plan, or keep what they have. */
export function stopRecord(
  record: RolloutRecord,
  good: FleetPlan | undefined,
  how: { readonly why: string; readonly who: string; readonly onFailure: OnFailure; readonly now: string },
): RolloutRecord {
  const goesBack = how.onFailure === 'rollback' && good !== undefined;
  const nowhere = how.onFailure === 'rollback' && !goesBack;
  return {
    ...record,
    phase: goesBack ? 'rolling-back' : 'held',
    touched: touchedNodes(record),
    since: how.now,
    who: how.who,
    note: nowhere ? `${how.why}; no last good revision is known, so nodes keep what they have` : how.why,
  };
}

/** Lets nodes in out of turn: as a batch of their own after those that are in. */
export function letIn(record: RolloutRecord, ids: readonly NodeId[]): RolloutRecord {
  const released = record.batches.slice(0, record.released);
  const later = record.batches.slice(record.released);
  const drawn = later.flat().filter((id) => ids.includes(id));
  if (drawn.length === 0) return record;
  const rest = later
    .map((batch) => batch.filter((id) => !ids.includes(id)))
    .filter((batch) => batch.length > 0);
  return { ...record, batches: [...released, drawn, ...rest], released: released.length + 1 };
}

/** The next node of the order, of one lane, joins the batch that runs. */
export function widen(record: RolloutRecord, lane: Lane): RolloutRecord {
  const { batches, released, policy } = record;
  const joined = batches
    .slice(released)
    .flat()
    .find((id) => laneOf(id, policy) === lane);
  const current = batches[released - 1];
  if (joined === undefined || current === undefined) return record;
  const later = batches
    .slice(released)
    .map((batch) => batch.filter((id) => id !== joined))
    .filter((batch) => batch.length > 0);
  return { ...record, batches: [...batches.slice(0, released - 1), [...current, joined], ...later] };
}

/** Which plan a node gets now; `keeps`: none at all, it stays as it is. */
export interface Choice {
  readonly plan: NodePlan;
  readonly gets: 'new' | 'good' | 'keeps';
}

/** What a rollout knows of the fleet, beside its record. */
export interface Sight {
  readonly good: FleetPlan | undefined;
  /** Index of a node's batch; undefined where the revision brings it nothing new. */
  readonly turnOf: (id: NodeId) => number | undefined;
  readonly isTouched: (id: NodeId) => boolean;
}

/** The sentence of a rollout for one node: the new plan, the last good one, or nothing. */
export function choosePlan(record: RolloutRecord, newest: NodePlan, sight: Sight): Choice {
  const turn = sight.turnOf(newest.id);
  if (!isOpen(record) || turn === undefined) return { plan: newest, gets: 'new' };
  const goesOn = record.phase === 'running' || record.phase === 'paused' || record.phase === 'held';
  if (goesOn && turn < record.released) return { plan: newest, gets: 'new' };
  // Two revisions are never mixed: what an earlier rollout brought stays until the turn comes.
  if (goesOn && sight.isTouched(newest.id)) return { plan: newest, gets: 'keeps' };
  const last = goodPlan(newest, sight.good);
  return last === undefined ? { plan: newest, gets: 'keeps' } : { plan: last, gets: 'good' };
}
