import type { Bundle } from '../model/bundle.ts';
import type { Outcome } from '../model/outcome.ts';
import type { NodePlan } from '../model/plan.ts';
import { keepPresent } from '../plan/keep-present.ts';
import { BundlePush } from './bundle-push.ts';
import type { Approach, PushContext } from './context.ts';

/** Brings one node to its plan and proves it: the sentence of the house, for one node. Rejects only when the signal fires. */
export async function pushNode(
  plan: NodePlan,
  approach: Approach,
  context: PushContext,
  signal: AbortSignal,
): Promise<Outcome> {
  let last: Outcome | undefined;
  for (const bundle of plan.bundles) {
    last = await pushBundle(plan, bundle, { approach, context }, signal);
    if (!last.ok) return last;
  }
  return (
    last ?? {
      ok: false,
      id: plan.id,
      cause: 'no_plan',
      evidence: plan.reason ?? 'the plan holds no bundle',
      reachable: true,
      facts: undefined,
    }
  );
}

async function pushBundle(
  plan: NodePlan,
  bundle: Bundle,
  how: { approach: Approach; context: PushContext },
  signal: AbortSignal,
): Promise<Outcome> {
  const { approach, context } = how;
  const attempt = new BundlePush(plan, bundle, context, signal);
  if (approach === 'observe') return attempt.checkFirst(false);
  if (!context.additionsOnly) return approach === 'check' ? attempt.checkFirst() : attempt.apply(undefined);
  const content = await attempt.content();
  if (typeof content !== 'string') return content;
  const kept = keepPresent(bundle, context.lane.clusterId, content);
  if (kept === undefined) {
    const evidence =
      'the registries have not been read whole yet, and what the node holds cannot be kept beside the plan';
    return { ok: false, id: plan.id, cause: 'waiting_retry', evidence, reachable: true, facts: undefined };
  }
  return new BundlePush(plan, kept, context, signal).checkFirst();
}
