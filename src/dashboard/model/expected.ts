import type { PlanReport } from '../../contract/report.ts';
import type { ExpectedPlan } from '../../contract/saved-plan.ts';

/** What a push of a reviewed plan expects of the world: anything else refuses it, so nobody pushes what nobody saw. */
export function expectedOf(report: PlanReport): ExpectedPlan {
  return {
    revision: report.revision ?? '',
    ...(report.policy === undefined ? {} : { policy: report.policy }),
    ...(report.release === undefined ? {} : { release: report.release }),
    nodes: report.nodes.map(({ node, name, state, wanted, observed }) => ({
      node,
      name,
      wanted: wanted ?? null,
      observed: state === 'unknown' ? null : (observed ?? null),
      changes: state === 'changes',
    })),
    approvals: [],
  };
}

/** Nodes that a push would change alike: one diff is read once, however many nodes get it. */
export interface PlanGroup {
  readonly diff: string;
  readonly nodes: readonly PlanReport['nodes'][number][];
}

/** The changes of a plan, the ones of most nodes first. */
export function groupsOf({ nodes }: PlanReport): readonly PlanGroup[] {
  const groups = new Map<string, PlanReport['nodes'][number][]>();
  for (const node of nodes) {
    if (node.state !== 'changes') continue;
    const alike = groups.get(node.diff);
    if (alike === undefined) groups.set(node.diff, [node]);
    else alike.push(node);
  }
  return [...groups]
    .map(([diff, of]) => ({ diff, nodes: of }))
    .sort((a, b) => b.nodes.length - a.nodes.length);
}
