import { remedyFor, type CauseClass } from '../model/cause.ts';
import type { Node } from '../model/node.ts';
import type { HeldRemoval, NodeDiff, NodePlan } from '../model/plan.ts';
import type { NodeStatus } from '../model/status.ts';
import type { Term } from '../model/term.ts';
import type { NodeReport, PlanReport, PushReport } from '../contract/report.ts';
import type { HoldReport } from '../contract/rollout-report.ts';
import type { Settled } from './asks.ts';

/** One node's line of a push report. */
export function nodeReport(node: Node, settled: Settled, hold?: HoldReport): NodeReport {
  const { outcome, status } = settled;
  const base = { node: node.id, name: node.name, type: node.type, address: node.address };
  if (outcome.ok) {
    return {
      ...base,
      state: 'active',
      verified: true,
      changed: outcome.changed,
      cause: null,
      evidence: '',
      remedy: null,
      rungs: [...outcome.rungs],
      notes: [...outcome.notes],
    };
  }
  return {
    ...base,
    state: status?.state ?? 'unknown',
    verified: false,
    changed: false,
    cause: outcome.cause,
    evidence: outcome.evidence,
    remedy: remedyUnder(outcome.cause, node, hold),
    rungs: [],
    notes: [],
  };
}

/** One node's line where only its status is known. */
export function statusReport(node: Node, status: NodeStatus | undefined, hold?: HoldReport): NodeReport {
  return {
    node: node.id,
    name: node.name,
    type: node.type,
    address: node.address,
    state: status?.state ?? 'unknown',
    verified: status?.state === 'active' && !status.hint,
    changed: false,
    cause: status?.cause ?? null,
    evidence: status?.evidence ?? '',
    remedy: status?.cause === undefined ? null : remedyUnder(status.cause, node, hold),
    rungs: [...(status?.rungs ?? [])],
    notes: [],
  };
}

/** What holds a node is ended by a command of its own: a type, or everything, may be held. */
export function remedyUnder(cause: CauseClass, node: Node, hold: HoldReport | undefined): string {
  return hold !== undefined && (cause === 'paused' || cause === 'frozen') ? hold.end : remedyFor(cause, node);
}

/** The sum of a push over several nodes. */
export function pushReport(
  nodes: readonly NodeReport[],
  term: Term | undefined,
  held: readonly HeldRemoval[],
): PushReport {
  const causes: Record<string, number> = {};
  for (const node of nodes) if (node.cause !== null) causes[node.cause] = (causes[node.cause] ?? 0) + 1;
  const verified = nodes.filter((node) => node.verified).length;
  return {
    apiVersion: 'sync-controller/v1',
    kind: 'PushReport',
    term: term === undefined ? null : { ...term },
    verified,
    failed: nodes.length - verified,
    changed: nodes.filter((node) => node.changed).length,
    causes,
    nodes: [...nodes],
    held: heldReport(held),
  };
}

/** What a push would change, over several nodes. */
export function planReport(
  diffs: readonly NodeDiff[],
  plans: readonly NodePlan[],
  held: readonly HeldRemoval[],
): PlanReport {
  const names = new Map(plans.map((plan) => [plan.id, plan.node.name]));
  const count = (state: NodeDiff['state']): number => diffs.filter((diff) => diff.state === state).length;
  return {
    apiVersion: 'sync-controller/v1',
    kind: 'PlanReport',
    changes: count('changes'),
    inSync: count('in-sync'),
    unknown: count('unknown'),
    nodes: diffs.map(({ id, state, reason, diff }) => ({
      node: id,
      name: names.get(id) ?? id,
      state,
      reason: reason ?? null,
      diff,
    })),
    held: heldReport(held),
  };
}

/** Withheld removals as every report shows them. */
export function heldReport(
  held: readonly HeldRemoval[],
): { hash: string; reason: string; names: string[] }[] {
  return held.map(({ hash, reason, names }) => ({ hash, reason, names: [...names] }));
}
