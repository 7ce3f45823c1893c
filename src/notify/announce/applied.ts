import { causeOf } from '../../model/cause.ts';
import type { NodeStatus } from '../../model/status.ts';

/** One node, as far as it matters whether it has a revision. */
export interface NodeStand {
  /** What it should hold at last; undefined where nothing is managed there. */
  readonly wanted: string | undefined;
  /** False while a rollout keeps it at an earlier plan. */
  readonly isTurn: boolean;
  readonly status: NodeStatus | undefined;
}

/** How far a revision has come. Nodes that are away do not hold it up: they get it when they return. */
export interface Stand {
  readonly applied: boolean;
  readonly live: number;
  readonly away: number;
}

/** A revision is applied when every node that can be reached holds it, verified by this process, and at least one does. Pure. */
export function standOf(nodes: Iterable<NodeStand>): Stand {
  let [live, away, open] = [0, 0, 0];
  for (const node of nodes) {
    if (node.wanted === undefined) continue;
    if (isLive(node)) live += 1;
    else if (isAway(node.status)) away += 1;
    else open += 1;
  }
  return { applied: open === 0 && live > 0, live, away };
}

function isLive({ wanted, isTurn, status }: NodeStand): boolean {
  return isTurn && status?.state === 'active' && !status.hint && status.installed === wanted;
}

function isAway(status: NodeStatus | undefined): boolean {
  return status?.cause !== undefined && !status.hint && causeOf(status.cause).offline;
}
