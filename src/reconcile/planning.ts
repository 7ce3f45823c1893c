import type { PlanRequest } from '../contract/controller.ts';
import type { PlanReport } from '../contract/report.ts';
import { SyncError } from '../lib/errors.ts';
import type { NodePlan } from '../model/plan.ts';
import type { Engine } from './engine.ts';
import { observe, observeOffline } from './observe.ts';
import { desiredDigest } from './reconciler.ts';
import { policyDigest } from './saved-plan.ts';
import { planReport } from './report.ts';
import { selectNodes } from './selection.ts';

/** What the registries want, node by node, and which nodes have to wait for it; writes nothing anywhere. */
export async function planAsked(engine: Engine, request: PlanRequest): Promise<PlanReport> {
  const { parts, signal } = engine;
  const { fleet, registry, clusterId, rollout, memory } = parts;
  await engine.refresh();
  const approve = request.approve ?? [];
  const held = fleet.current()?.held ?? [];
  for (const hash of approve) if (!held.some((one) => one.hash === hash)) throw notHeld(hash);
  const { snapshot } = registry.current();
  const plan =
    snapshot === undefined || approve.length === 0
      ? fleet.current()
      : fleet.preview(snapshot, clusterId, approve);
  const ids = selectNodes(request.nodes, engine.snapshot().nodes);
  const plans = ids.map((id) => plan?.nodes.get(id)).filter((one) => one !== undefined);
  const diffs = request.offline
    ? plans.map((one) => observeOffline(one, memory))
    : await Promise.all(plans.map((one) => parts.observer?.diff(one, signal) ?? observe(one, parts, signal)));
  const report = planReport(diffs, plans, plan?.held ?? []);
  const waits = (one: NodePlan): string | null => {
    const view = rollout?.current();
    if (rollout === undefined || view === undefined || rollout.choose(one).gets === 'new') return null;
    return view.reasonOfWaiting(one.id);
  };
  return {
    ...report,
    ...(plan === undefined ? {} : { revision: plan.snapshotDigest }),
    policy: policyDigest(parts),
    release: parts.version,
    nodes: report.nodes.map((node, index) => {
      const one = plans[index];
      return one === undefined
        ? node
        : {
            ...node,
            waits: waits(one),
            turn: (rollout?.current()?.turnOf(one.id) ?? -1) + 1 || null,
            wanted: desiredDigest(one) ?? null,
            observed: diffs[index]?.installed ?? null,
          };
    }),
  };
}

function notHeld(hash: string): SyncError {
  return new SyncError(
    'notFound',
    `plan: expected the hash of a withheld removal, got ${JSON.stringify(hash)}`,
    {
      remedy: 'see them with: syncctl plan',
    },
  );
}
