import type { Node, NodeId } from '../model/node.ts';
import { SyncError } from '../lib/errors.ts';

/**
 * Nodes that words of an admin mean: an id, a name, or an address. No words mean all nodes.
 * @throws SyncError `notFound` naming the word and the nearest remedy; nothing is selected then.
 */
export function selectNodes(words: readonly string[] | undefined, nodes: ReadonlyMap<NodeId, Node>): readonly NodeId[] {
  if (words === undefined || words.length === 0) return [...nodes.keys()];
  const chosen = new Set<NodeId>();
  for (const word of words) {
    const found = [...nodes.values()].filter((node) => node.id === word || node.name === word || node.address === word);
    if (found.length === 0) {
      throw new SyncError('notFound', `node: expected the name, address or id of a registered node, got ${JSON.stringify(word)}`, {
        remedy: 'list them with: syncctl node list',
      });
    }
    for (const node of found) chosen.add(node.id);
  }
  return [...chosen];
}
