import { claimsOf } from '../model/claims.ts';
import type { NodeId } from '../model/node.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { nodeTypes } from './node-types/index.ts';

/** The bytes one node should hold under a snapshot, without planning the others; undefined where there are none. */
export function renderNode(snapshot: Snapshot, id: NodeId, clusterId: string): string | undefined {
  const node = snapshot.nodes.get(id);
  if (node === undefined) return undefined;
  const ground = { snapshot, claims: claimsOf(snapshot), clusterId };
  const rendered = nodeTypes[node.type].prepare(ground)(node);
  return 'reason' in rendered ? undefined : rendered.bytes;
}
