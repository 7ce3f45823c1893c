import type { Bundle, Digest } from './bundle.ts';
import type { Node, NodeId } from './node.ts';

/** What one node should hold: the decision, before the node was asked. */
export interface NodePlan {
  readonly id: NodeId;
  readonly node: Node;
  /** Empty where nothing valid can be rendered; then `reason` says why and the node is left as it is. */
  readonly bundles: readonly Bundle[];
  readonly reason?: string;
  /** The snapshot it was rendered from: the name of the revision. */
  readonly revision?: string;
}

/** Removals that were withheld because one change would drop too much. The hash covers only the removal set. */
export interface HeldRemoval {
  readonly hash: string;
  readonly reason: string;
  readonly kind: 'service' | 'node' | 'domain' | 'route' | 'mode' | 'cluster-domain' | 'key';
  readonly names: readonly string[];
  /** Whose edit would remove it, where one of several sources is to blame alone. */
  readonly source?: string;
}

/** The plan of the whole fleet for one snapshot. */
export interface FleetPlan {
  readonly snapshotDigest: string;
  readonly nodes: ReadonlyMap<NodeId, NodePlan>;
  readonly held: readonly HeldRemoval[];
  /** True while no complete source was ever seen: names a node holds and the plan does not know must stay. */
  readonly additionsOnly?: boolean;
}

/** How a node's managed bytes differ from the plan, as `plan` prints it. */
export interface NodeDiff {
  readonly id: NodeId;
  readonly state: 'in-sync' | 'changes' | 'unknown';
  readonly reason: string | undefined;
  /** Unified diff; empty when in sync or unknown. */
  readonly diff: string;
  readonly installed: Digest | 'absent' | undefined;
}
