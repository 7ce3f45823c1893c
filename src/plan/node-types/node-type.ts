import type { Bundle, TargetKind } from '../../model/bundle.ts';
import type { Claims } from '../../model/claims.ts';
import type { Node, NodeType } from '../../model/node.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import type { Target } from '../targets/target.ts';

/** What every node type renders from. */
export interface PlanGround {
  readonly snapshot: Snapshot;
  readonly claims: Claims;
  readonly clusterId: string;
}

/** The bytes for a node, or why there are none: then the node is left as it is. */
export type Rendered = Bundle | { readonly reason: string };

/** A node type: which target it has and what belongs there. A new type is a new file, a line in the index and its facts in the model. */
export interface NodeTypeModule {
  readonly type: NodeType;
  readonly kind: TargetKind;
  readonly target: Target;
  /** Does the work of the whole type once and returns the rendering of one node; equal results are shared. */
  readonly prepare: (ground: PlanGround) => (node: Node) => Rendered;
}
