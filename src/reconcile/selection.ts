import type { Node, NodeId } from '../model/node.ts';
import { SyncError } from '../lib/errors.ts';
import { quoted } from '../lib/text.ts';

/**
 * Nodes that words of an admin mean: an id, a name, or an address. No words mean all nodes.
 * @throws SyncError `notFound` naming the word and the nearest remedy; nothing is selected then.
 */
export function selectNodes(
  words: readonly string[] | undefined,
  nodes: ReadonlyMap<NodeId, Node>,
): readonly NodeId[] {
  if (words === undefined || words.length === 0) return [...nodes.keys()];
  const chosen = new Set<NodeId>();
  for (const word of words) {
    const found = [...nodes.values()].filter((node) => isMeant(node, word));
    if (found.length === 0) {
      throw new SyncError(
        'notFound',
        `node: expected the name, address or id of a registered node, got ${quoted(word)}`,
        {
          remedy: 'list them with: syncctl node list',
        },
      );
    }
    for (const node of found) chosen.add(node.id);
  }
  return [...chosen];
}

/** True when a word of an admin means this node. */
export function isMeant(node: Node, word: string): boolean {
  return node.id === word || node.name === word || node.address === word;
}

/**
 * The one node that a word means.
 * @throws SyncError `notFound` where it means none, `usage` where it means several: a destructive command must not guess.
 */
export function oneNode(word: string, nodes: ReadonlyMap<NodeId, Node>): Node {
  const ids = selectNodes([word], nodes);
  const [first, ...others] = ids.flatMap((id) => nodes.get(id) ?? []);
  if (first !== undefined && others.length === 0) return first;
  throw new SyncError(
    'usage',
    `node: expected a word that means one node, got ${quoted(word)}, which means ${ids.join(' and ')}`,
    {
      remedy: 'use the id: type@address',
    },
  );
}
