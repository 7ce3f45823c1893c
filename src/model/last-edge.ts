import type { Node, NodeId } from './node.ts';
import { isEdge } from './node-types.ts';

/** True for a node whose address serves nothing public any more once it is gone: no other row of the same machine does. */
export function isLastEdge(
  node: Pick<Node, 'id' | 'type' | 'address'>,
  nodes: ReadonlyMap<NodeId, Node>,
): boolean {
  const others = [...nodes.values()].filter(({ id, address }) => id !== node.id && address === node.address);
  return isEdge(node) && !others.some(isEdge);
}
