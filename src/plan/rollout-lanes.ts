import { isNodeType, splitNodeId, type NodeId } from '../model/node.ts';
import type { LanePolicy, RolloutPolicy } from '../model/rollout.ts';

/** Nodes that are counted together: a type with settings of its own, or all the others. */
export type Lane = string;

interface ByType<T> {
  readonly types?: Readonly<Partial<Record<string, T>>>;
}

/** The lane of a node. */
export function laneOf(id: NodeId, { types }: ByType<unknown>): Lane {
  const { type } = splitNodeId(id);
  return types?.[type] === undefined ? 'others' : type;
}

/** What a lane goes by. */
export function lanePolicy<T>(lane: Lane, policy: T & ByType<T>): T {
  return policy.types?.[lane] ?? policy;
}

/** What a node goes by. */
export function policyFor(id: NodeId, policy: RolloutPolicy): LanePolicy {
  return lanePolicy<LanePolicy>(laneOf(id, policy), policy);
}

/** Nodes by lane, in the order in which the lanes appear. */
export function byLane(
  ids: readonly NodeId[],
  policy: ByType<unknown>,
): ReadonlyMap<Lane, readonly NodeId[]> {
  return Map.groupBy(ids, (id) => laneOf(id, policy));
}

/** Every lane of a policy with what it goes by, the common one first. */
export function lanesOf(policy: RolloutPolicy): readonly (readonly [Lane, LanePolicy])[] {
  const own = Object.entries(policy.types ?? {}).filter(([type]) => isNodeType(type));
  return [['others', policy], ...own];
}
