import { parseTree, type Node } from 'jsonc-parser';
import { messageOf, SyncError } from '../lib/errors.ts';
import { evidenceOf } from '../lib/text.ts';

/** A place in a JSON text: keys and indices from the root. */
export type Path = readonly (string | number)[];

/** The tree of a text that must be strict JSON; `where` names it in the refusal. */
export function parsed(text: string, where: string): Node {
  try {
    JSON.parse(text);
    const root = parseTree(text);
    if (root !== undefined) return root;
  } catch (error) {
    const got = evidenceOf(messageOf(error), 120);
    throw new SyncError('data', `${where}: expected JSON, got text that does not parse: ${got}`, {
      remedy,
      cause: error,
    });
  }
  throw new SyncError('data', `${where}: expected JSON, got nothing`, { remedy });
}

const remedy = 'mend the registry first, syncctl validate shows where; nothing was written';

/** The refusal of a container of the wrong kind. */
export function mismatch(node: Node, expected: string, where: string): SyncError {
  return new SyncError('data', `${where}: expected ${expected}, got ${node.type}`, { remedy });
}

/** The node at a path. Of keys that appear twice the last one counts, as it does for every JSON reader. */
export function nodeAt(root: Node | undefined, path: Path): Node | undefined {
  let node = root;
  for (const step of path) {
    if (typeof step === 'number') node = elementsOf(node)[step];
    else node = propertiesOf(node).findLast((property) => keyOf(property) === step)?.children?.[1];
  }
  return node;
}

/** The properties of an object node; none for anything else. */
export function propertiesOf(node: Node | undefined): readonly Node[] {
  return node?.type === 'object' ? (node.children ?? []) : [];
}

/** The elements of a list node; none for anything else. */
export function elementsOf(node: Node | undefined): readonly Node[] {
  return node?.type === 'array' ? (node.children ?? []) : [];
}

/** The key of a property node. */
export function keyOf(property: Node): string {
  return String(property.children?.[0]?.value);
}

/** The text of a node, and whether there is one that is not null. */
export function sourceOf(text: string, node: Node): string {
  return text.slice(node.offset, node.offset + node.length);
}

/** True where there is nothing to build on: a missing node or a null. */
export function isAbsent(node: Node | undefined): boolean {
  return node === undefined || node.type === 'null';
}
