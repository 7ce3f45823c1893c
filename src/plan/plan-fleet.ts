import { claimsOf } from '../model/claims.ts';
import type { Node, NodeId, NodeType } from '../model/node.ts';
import type { FleetPlan, HeldRemoval, NodePlan } from '../model/plan.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { Rendered } from './node-types/node-type.ts';
import { nodeTypes } from './node-types/index.ts';

/** What every node should hold. Equal payloads are rendered and hashed once, however many nodes share them. */
export function planFleet(effective: Snapshot, clusterId: string, held: readonly HeldRemoval[]): FleetPlan {
  const ground = { snapshot: effective, claims: claimsOf(effective), clusterId };
  const prepared = new Map<NodeType, (node: Node) => Rendered>();
  const nodes = new Map<NodeId, NodePlan>();
  for (const node of effective.nodes.values()) {
    let render = prepared.get(node.type);
    if (render === undefined) {
      render = nodeTypes[node.type].prepare(ground);
      prepared.set(node.type, render);
    }
    nodes.set(node.id, planOf(node, render(node), effective.digest));
  }
  return { snapshotDigest: effective.digest, nodes, held, additionsOnly: effective.additionsOnly };
}

function planOf(node: Node, rendered: Rendered, revision: string): NodePlan {
  if ('reason' in rendered) return { id: node.id, node, bundles: [], reason: rendered.reason, revision };
  return { id: node.id, node, bundles: [rendered], revision };
}
