import { digestOf } from '../model/bundle.ts';
import type { NodeId } from '../model/node.ts';
import type { FleetPlan, NodePlan } from '../model/plan.ts';

/** Digest of the bytes that a plan gives to the nodes: what a revision is for them, whatever else the registries say. */
export function contentOf({ nodes }: FleetPlan): string {
  const lines = [...nodes.values()].map((plan) => `${plan.id} ${bytesOf(plan)}`).sort();
  return digestOf(lines.join('\n'));
}

/** True where both plans hold the same bytes. */
export function sameBytes(a: NodePlan | undefined, b: NodePlan | undefined): boolean {
  return a !== undefined && b !== undefined && bytesOf(a) === bytesOf(b);
}

/** Nodes to which the new plan brings other bytes than the old one, or first ones. */
export function changedNodes(next: FleetPlan, before: FleetPlan | undefined): readonly NodeId[] {
  return [...next.nodes.values()]
    .filter((plan) => plan.bundles.length > 0 && !sameBytes(plan, before?.nodes.get(plan.id)))
    .map((plan) => plan.id);
}

/** The last good bytes on the way that the registry names today; undefined where there are none to give. */
export function goodPlan(newest: NodePlan, before: FleetPlan | undefined): NodePlan | undefined {
  const good = before?.nodes.get(newest.id);
  return good === undefined || good.bundles.length === 0 ? undefined : { ...good, node: newest.node };
}

function bytesOf({ bundles }: NodePlan): string {
  return bundles.map(({ kind, digest }) => `${kind}:${digest}`).join(' ');
}
