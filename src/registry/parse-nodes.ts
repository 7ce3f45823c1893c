import type { Node, NodeId, NodeType } from '../model/node.ts';
import { factsOf, nodeTypeNames } from '../model/node-types.ts';
import type { RawObject } from '../model/snapshot.ts';
import { parseNodeRow } from './parse-node-row.ts';
import { readKey } from './parse-key.ts';
import { excerpt, fieldOf, type Place, type Row } from './quarantine.ts';

type Nodes = ReadonlyMap<NodeId, Node>;

/** `registry.json`: the rows of every type. A type whose list cannot be read keeps its last good rows; the others still flow. */
export function parseNodes(raw: RawObject | undefined, lastGood: Nodes, place: Place): Nodes {
  const content = readKey(raw, 'registry.json', place);
  if (content.kind === 'unreadable') return lastGood;
  const nodes = new Map<NodeId, Node>();
  if (content.kind === 'empty') return nodes;
  for (const type of nodeTypeNames) {
    const before = [...lastGood.values()].filter((node) => node.type === type);
    const here = place.at('registry.json').at(type);
    const list = readList(content.rows, type, { place: here, before: before.length });
    const rows = list === undefined ? before : readRows(type, list, { place: here, before });
    for (const node of rows) nodes.set(node.id, node);
  }
  return nodes;
}

function readList(
  rows: Row,
  type: NodeType,
  context: { place: Place; before: number },
): readonly unknown[] | undefined {
  const value = fieldOf(rows, type);
  if (Array.isArray(value)) return value as readonly unknown[];
  const { place, before } = context;
  if (value !== undefined && value !== null) place.refuse('a list', value, 'the last good rows stay');
  else if (before > 0)
    place.error(
      `expected a list, got ${excerpt(value)}; the last good rows stay`,
      'write [] there to empty it on purpose',
    );
  else if (value === null || factsOf(type).builtIn)
    place.warn(`expected a list, got ${excerpt(value)}; it is read as empty`);
  return undefined;
}

function readRows(
  type: NodeType,
  list: readonly unknown[],
  context: { place: Place; before: readonly Node[] },
): readonly Node[] {
  const rows = new Map<NodeId, Node>();
  const aside: { readonly address: string | undefined; readonly name: string | undefined }[] = [];
  list.forEach((value, index) => {
    const here = context.place.at(index);
    const verdict = parseNodeRow(type, value, here);
    if (!verdict.ok) aside.push(verdict);
    else if (!rows.has(verdict.node.id)) rows.set(verdict.node.id, verdict.node);
    else
      here
        .at('ip')
        .error(
          `expected each address once in ${type}, got ${verdict.node.address} again; the first row counts`,
        );
  });
  for (const row of aside) {
    // The address is the identity; where that is what broke, the name tells whose row it was.
    const kept = context.before.find((node) =>
      row.address === undefined ? node.name === row.name : node.address === row.address,
    );
    if (kept !== undefined && !rows.has(kept.id)) rows.set(kept.id, kept);
  }
  return [...rows.values()];
}
