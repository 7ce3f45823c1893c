import { isLastEdge } from '../model/last-edge.ts';
import type { Node } from '../model/node.ts';
import type { Snapshot } from '../model/snapshot.ts';

/** The snapshot as it is once a node is removed on purpose: a VPS leaves the routes, too. */
export function withoutNode(snapshot: Snapshot, node: Pick<Node, 'id' | 'type' | 'address'>): Snapshot {
  const nodes = new Map([...snapshot.nodes].filter(([id]) => id !== node.id));
  if (!isLastEdge(node, snapshot.nodes)) return { ...snapshot, nodes };
  const vpsRecords = new Map([...snapshot.vpsRecords].filter(([address]) => address !== node.address));
  const routes = new Map(
    [...snapshot.routes].map(([service, route]) => [
      service,
      { ...route, vpsNodes: route.vpsNodes.filter((address) => address !== node.address) },
    ]),
  );
  return { ...snapshot, nodes, vpsRecords, routes };
}
