import { isNodeType, nodeTypeFacts, nodeTypeNames, type NodeType } from '../model/node-types.ts';
import type { Node } from '../model/node.ts';
import { wrongWord } from './words.ts';

/** The short words of all types, as help texts list them. */
export const typeWords = nodeTypeFacts.map(({ word }) => word);

/** A node type by its name in the registry or its short form. */
export function nodeTypeOf(word: string | undefined, place: string): NodeType {
  if (word !== undefined && isNodeType(word)) return word;
  const type = nodeTypeFacts.find((facts) => facts.word === word)?.name;
  if (type !== undefined) return type;
  throw wrongWord(
    {
      place,
      expected: `one of ${nodeTypeNames.join(', ')} (short: ${typeWords.join(', ')})`,
      remedy: 'give the type of the node',
    },
    word,
  );
}

/** The words of `node add` that name a node which is registered already. */
export function rowWords({ address, type, sshUser: user, sshPort }: Node): string {
  const port = sshPort === undefined ? '' : ` --port ${String(sshPort)}`;
  return `${address} --type ${type} --user ${user}${port}`;
}
