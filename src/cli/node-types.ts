import { builtInNodeTypes, isNodeType, type NodeType } from '../model/node.ts';
import { wrongWord } from './words.ts';

const short: Readonly<Record<string, NodeType>> = {
  vps: 'vps_nodes',
  laptop: 'management_laptops',
  worker: 'worker_nodes',
};

/** A node type by its name in the registry or its short form. */
export function nodeTypeOf(word: string | undefined, place: string): NodeType {
  if (word !== undefined && isNodeType(word)) return word;
  const type = word !== undefined && Object.hasOwn(short, word) ? short[word] : undefined;
  if (type !== undefined) return type;
  throw wrongWord(
    {
      place,
      expected: `one of ${builtInNodeTypes.join(', ')} (short: ${Object.keys(short).join(', ')})`,
      remedy: 'give the type of the node',
    },
    word,
  );
}
