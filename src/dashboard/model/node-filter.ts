import { isWaiting } from '../../contract/verdict.ts';
import type { NodeRow, NodeState } from './fleet-state.ts';

/** How a node is shown: by its state, but where it is well with an earlier revision and waits for its turn. */
export type NodeKind = NodeState | 'waiting';

export function kindOf(node: NodeRow): NodeKind {
  return node.state === 'active' && isWaiting(node) ? 'waiting' : node.state;
}

/** What of the fleet is shown. */
export interface NodeFilter {
  readonly kind: NodeKind | undefined;
  readonly type: string | undefined;
  /** Every word has to be found in the name, address, type, cause or evidence. */
  readonly text: string;
}

export const everything: NodeFilter = { kind: undefined, type: undefined, text: '' };

const order: Readonly<Record<NodeKind, number>> = {
  error: 0,
  pending_sync: 1,
  unknown: 2,
  waiting: 3,
  active: 4,
};

/** The nodes that a filter leaves, what is wrong first, then by name. */
export function shown(nodes: Iterable<NodeRow>, { kind, type, text }: NodeFilter): readonly NodeRow[] {
  const words = text.toLowerCase().split(/\s+/u).filter(Boolean);
  return [...nodes]
    .filter(
      (node) =>
        (kind === undefined || kindOf(node) === kind) &&
        (type === undefined || node.type === type) &&
        words.every((word) => textOf(node).includes(word)),
    )
    .map((node) => ({ node, rank: `${String(order[kindOf(node)])} ${sortable(node.name)}` }))
    .sort((a, b) => (a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : 0))
    .map(({ node }) => node);
}

/** How many nodes there are of each kind. */
export function countsOf(nodes: Iterable<NodeRow>): Readonly<Record<NodeKind, number>> {
  const counts = { active: 0, waiting: 0, pending_sync: 0, error: 0, unknown: 0 };
  for (const node of nodes) counts[kindOf(node)] += 1;
  return counts;
}

/** A name that sorts as people count: `n2` before `n10`. A collator knows that too, and takes ten times as long for a thousand names. */
function sortable(name: string): string {
  return name.toLowerCase().replace(/\d+/gu, (digits) => digits.padStart(12, '0'));
}

function textOf({ name, address, type, cause, evidence, waits }: NodeRow): string {
  return `${name} ${address} ${type} ${cause ?? ''} ${evidence} ${waits ?? ''}`.toLowerCase();
}
