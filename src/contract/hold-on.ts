import type { DriftReport, HoldReport } from './rollout-report.ts';

/** What a person has said of a node's pushes: its own pause or freeze before one of its type, and that before one of all nodes. */
export function holdOn(
  node: { readonly node: string; readonly type: string },
  holds: readonly HoldReport[],
  drift: readonly DriftReport[],
): HoldReport | undefined {
  const scopes = [node.node, `type:${node.type}`, 'all'];
  const hold = scopes.flatMap((scope) => holds.filter((one) => one.scope === scope)).at(0);
  if (hold !== undefined) return hold;
  const rule = drift.find((one) => one.node === node.node && one.mode === 'freeze');
  if (rule === undefined) return undefined;
  const { name, who, why, since, end } = rule;
  return { scope: node.node, what: name, who, why, since, from: null, until: null, end };
}
