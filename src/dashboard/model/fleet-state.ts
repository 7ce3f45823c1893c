import type { FeedEvent } from '../../contract/events.ts';
import type { ControllerStatus } from '../../contract/report.ts';

export type NodeRow = ControllerStatus['nodes'][number];
export type NodeState = NodeRow['state'];
export type ControllerPart = Omit<ControllerStatus, 'nodes'>;

/** What the page knows of the fleet. A node that did not change is the same object, so that only changed rows are drawn. */
export interface FleetState {
  readonly controller: ControllerPart;
  readonly nodes: ReadonlyMap<string, NodeRow>;
}

/** Takes events in their order; undefined before the first `status`. */
export function withEvents(
  before: FleetState | undefined,
  events: readonly FeedEvent[],
): FleetState | undefined {
  let controller = before?.controller;
  let nodes = before === undefined ? undefined : new Map(before.nodes);
  for (const event of events) {
    if (event.event === 'status') {
      const { nodes: all, ...rest } = event.data;
      const known: ReadonlyMap<string, NodeRow> = nodes ?? new Map();
      controller = rest;
      nodes = new Map(all.map((node) => [node.node, unchanged(known.get(node.node), node)]));
    } else if (event.event === 'controller') controller = event.data;
    else if (event.event === 'node') nodes?.set(event.data.node, event.data);
    else nodes?.delete(event.data.node);
  }
  return controller === undefined || nodes === undefined ? undefined : { controller, nodes };
}

/** After a reconnect everything is told anew, and most of it is what it was. */
function unchanged(before: NodeRow | undefined, now: NodeRow): NodeRow {
  return before !== undefined && JSON.stringify(before) === JSON.stringify(now) ? before : now;
}

/** The pauses and freezes that hold a node, now or later: its own, of its type, and of all. */
export function holdsOn(
  { node, type }: Pick<NodeRow, 'node' | 'type'>,
  { holds = [], windows = [] }: Pick<ControllerPart, 'holds' | 'windows'>,
): NonNullable<ControllerPart['holds']> {
  return [...holds, ...windows].filter(({ scope }) => ['all', `type:${type}`, node].includes(scope));
}
