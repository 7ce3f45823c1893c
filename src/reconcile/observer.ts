import type { Surveyed } from '../enrol/takeover/survey.ts';
import type { Node } from '../model/node.ts';
import type { Outcome } from '../model/outcome.ts';
import type { NodeDiff, NodePlan } from '../model/plan.ts';
import { diffBundle } from '../plan/diff.ts';
import { isHeld, targetChange, type TargetChange } from '../plan/predecessor-target.ts';
import type { Slots } from './slots.ts';

/** Looks at nodes in place of pushing to them, while nothing may be written. */
export interface Observer {
  attempt(plan: NodePlan, signal: AbortSignal): Promise<Outcome>;
  diff(plan: NodePlan, signal: AbortSignal): Promise<NodeDiff>;
}

export interface ObserverParts {
  readonly survey: (node: Node, signal: AbortSignal) => Promise<Surveyed>;
  readonly slots: Slots;
}

/** An observer over the reading of what stands on a node; no receiver is needed there. */
export function observerOf({ survey, slots }: ObserverParts): Observer {
  const look = (node: Node, signal: AbortSignal): Promise<Surveyed> => slots.run(() => survey(node, signal));
  return {
    attempt: async (plan, signal) => outcomeOf(plan, await look(plan.node, signal)),
    diff: async (plan, signal) => diffOf(plan, await look(plan.node, signal)),
  };
}

/** Nobody pushes, so nothing is ever verified: well or not, the node waits for the adoption. */
function outcomeOf(plan: NodePlan, seen: Surveyed): Outcome {
  const { id } = plan;
  if (!seen.ok) {
    const { cause, evidence, reachable, shownKey, held } = seen;
    const shown = shownKey === undefined ? {} : { shownKey };
    if (held) return { ok: false, id, cause: 'observing', evidence, reachable, facts: undefined };
    return { ok: false, id, cause, evidence, reachable, facts: undefined, ...shown };
  }
  const said = plan.bundles.map((bundle) => {
    const file = seen.survey.files.find(({ kind }) => kind === bundle.kind);
    if (file === undefined) return 'the place of its file is not known before it is enrolled';
    if (file.text === undefined) return `${file.path} is no file that can be read`;
    return isHeld(bundle, file.text)
      ? 'holds what would be pushed'
      : changeText(targetChange(bundle.kind, file.text, bundle.bytes));
  });
  const evidence = said.join('; ');
  return { ok: false, id, cause: 'observing', evidence, reachable: true, facts: undefined };
}

/** A change in a few words: `a push would add 2 names, lose 1`. */
export function changeText({ lost, changed, added, legacy }: TargetChange): string {
  const parts = [
    ...(added.length > 0 ? [`add ${String(added.length)}`] : []),
    ...(changed.length > 0 ? [`move ${String(changed.length)}`] : []),
    ...(lost.length > 0 ? [`lose ${String(lost.length)}`] : []),
  ];
  const names = parts.length === 0 ? 'change no name' : `${parts.join(', ')} of its names`;
  const old = legacy.length === 0 ? '' : `, and replace what the predecessor wrote`;
  return `a push would ${names}${old}`;
}

function diffOf(plan: NodePlan, seen: Surveyed): NodeDiff {
  const unknown = (reason: string): NodeDiff => ({
    ...{ id: plan.id, state: 'unknown', diff: '', installed: undefined },
    reason,
  });
  if (!seen.ok) return unknown(`${seen.cause}: ${seen.evidence}`);
  const diffs: string[] = [];
  for (const bundle of plan.bundles) {
    const file = seen.survey.files.find(({ kind }) => kind === bundle.kind);
    if (file?.text === undefined) return unknown('its file cannot be read before it is enrolled');
    if (!isHeld(bundle, file.text)) diffs.push(diffBundle(bundle, ownPart(bundle.kind, file.text)));
  }
  return {
    id: plan.id,
    state: diffs.length === 0 ? 'in-sync' : 'changes',
    reason: undefined,
    diff: diffs.join('\n'),
    installed: undefined,
  };
}

/** Of a shared file only the managed part is compared. */
function ownPart(kind: string, text: string): string {
  if (kind !== 'hosts') return text;
  return /^# BEGIN sync-controller [^\n]*\n[\s\S]*?^# END sync-controller [^\n]*\n/mu.exec(text)?.[0] ?? '';
}
