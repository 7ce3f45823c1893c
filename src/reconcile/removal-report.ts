import type { CauseClass } from '../model/cause.ts';
import { remedyFor } from '../model/cause.ts';
import { isLastEdge } from '../model/last-edge.ts';
import type { Node } from '../model/node.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { RemovalReport } from '../contract/lifecycle.ts';
import { servedHosts } from '../plan/public-hosts.ts';
import { withoutNode } from '../plan/without-node.ts';
import { lostRoutes, removalChanges, removeNodeSteps } from '../registry/operations/node-removal.ts';
import { undoCommands } from '../registry/operations/removal-undo.ts';
import type { RawObjects, Step } from '../registry/operations/step.ts';

/** What goes with a node in the registries, and how it comes back. */
export interface Outlook {
  readonly steps: readonly Step[];
  readonly changes: RemovalReport['changes'];
  readonly hostsRemoved: readonly string[];
  readonly undo: readonly string[];
}

/** The end of a tombstone: the registries forgot the node before. */
export const nothingElse: Outlook = { steps: [], changes: [], hostsRemoved: [], undo: [] };

/** Looks at the registries as they are and at what is in force, which the nodes serve. */
export function outlookOf(node: Node, objects: RawObjects, inForce: Snapshot): Outlook {
  // An orphan serves what it was given, also without its row.
  const before = { ...inForce, nodes: new Map([...inForce.nodes, [node.id, node]]) };
  const routed = isLastEdge(node, before.nodes);
  const routes = lostRoutes(node, objects, routed);
  const served = servedHosts(withoutNode(before, node));
  const record = routed ? inForce.vpsRecords.get(node.address) : undefined;
  return {
    steps: removeNodeSteps(node, routed),
    changes: [...removalChanges(node, objects, routed)],
    hostsRemoved: [...servedHosts(before)].filter((host) => !served.has(host)).sort(),
    undo: undoCommands({ node, record, routes }),
  };
}

/** How a removal ended, as the written contract says it. */
export function removalReport(
  node: Node,
  end: { result: RemovalReport['result']; cause?: CauseClass; evidence?: string },
  { changes, hostsRemoved, undo }: Outlook,
): RemovalReport {
  return {
    apiVersion: 'sync-controller/v1',
    kind: 'RemovalReport',
    node: node.id,
    name: node.name,
    result: end.result,
    cause: end.cause ?? null,
    evidence: end.evidence ?? '',
    remedy: end.cause === undefined ? null : remedyFor(end.cause, node),
    changes: [...changes],
    hostsRemoved: [...hostsRemoved],
    undo: [...undo],
  };
}
