import type { NodeRow, NodeState } from './fleet-state.ts';

/** What of the fleet is shown. */
export interface NodeFilter {
  readonly state: NodeState | undefined;
  readonly type: string | undefined;
  /** Every word has to be found in the name, address, type, cause or evidence. */
  readonly text: string;
}

export const everything: NodeFilter = { state: undefined, type: undefined, text: '' };

const order: Readonly<Record<NodeState, number>> = { error: 0, pending_sync: 1, unknown: 2, active: 3 };

/** The nodes that a filter leaves, what is wrong first, then by name. */
export function shown(nodes: Iterable<NodeRow>, { state, type, text }: NodeFilter): readonly NodeRow[] {
  const words = text.toLowerCase().split(/\s+/u).filter(Boolean);
  return [...nodes]
    .filter(
      (node) =>
        (state === undefined || node.state === state) &&
        (type === undefined || node.type === type) &&
        words.every((word) => textOf(node).includes(word)),
    )
    .map((node) => ({ node, rank: `${String(order[node.state])} ${sortable(node.name)}` }))
    .sort((a, b) => (a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : 0))
    .map(({ node }) => node);
}

/** How many nodes are in each state. */
export function countsOf(nodes: Iterable<NodeRow>): Readonly<Record<NodeState, number>> {
  const counts = { active: 0, pending_sync: 0, error: 0, unknown: 0 };
  for (const { state } of nodes) counts[state] += 1;
  return counts;
}

/** A name that sorts as people count: `n2` before `n10`. A collator knows that too, and takes ten times as long for a thousand names. */
function sortable(name: string): string {
  return name.toLowerCase().replace(/\d+/gu, (digits) => digits.padStart(12, '0'));
}

function textOf({ name, address, type, cause, evidence }: NodeRow): string {
  return `${name} ${address} ${type} ${cause ?? ''} ${evidence}`.toLowerCase();
}
