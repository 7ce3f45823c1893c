import type { Actor, PushRequest } from '../contract/controller.ts';
import type { NodeReport, PushReport } from '../contract/report.ts';
import type { NodeId } from '../model/node.ts';
import type { Outcome } from '../model/outcome.ts';
import type { Engine } from './engine.ts';
import type { Wish } from './ports.ts';
import { RolloutPush } from './push-rollout.ts';
import { holdNow } from './status-report.ts';
import { nodeReport, pushReport } from './report.ts';
import { rolloutReport } from './rollout-report.ts';
import { checkedPlan } from './saved-plan.ts';
import { selectNodes } from './selection.ts';

type OnNode = ((report: NodeReport) => void) | undefined;

/** Pushes what an admin asks for: nodes, or exactly what a saved plan holds, each in its turn of the rollout. */
export async function pushAsked(engine: Engine, request: PushRequest, onNode: OnNode): Promise<PushReport> {
  const { parts, signal } = engine;
  await engine.refresh();
  const { expected } = request;
  const bases = expected === undefined ? undefined : await checkedPlan(expected, parts, signal);
  if (expected !== undefined) await approveCarried(engine, expected.approvals);
  const ids = bases === undefined ? selectNodes(request.nodes, engine.snapshot().nodes) : [...bases.keys()];
  const rollout = new RolloutPush(parts, request, signal);
  await rollout.open(ids);
  const wishFor = (id: NodeId): Wish & { actor: Actor } => {
    const base = bases?.get(id);
    return {
      takeOver: request.takeOver,
      actor: request.actor,
      ...(request.confirmSeconds === undefined ? {} : { confirmSeconds: request.confirmSeconds }),
      ...(base === undefined ? {} : { base }),
    };
  };
  const reports = await pushEach(engine, { ids, wishFor, turnOf: (id) => rollout.turnOf(id) }, onNode);
  const report = await rollout.end();
  return summed(
    engine,
    reports.map((one) => rollout.rejudged(one)),
    report,
  );
}

/** Checks and pushes every node, whatever the rollout lets it have now. */
export async function pushEverything(engine: Engine, actor: Actor, onNode: OnNode): Promise<PushReport> {
  await engine.refresh();
  const ids = [...engine.snapshot().nodes.keys()];
  const wishFor = () => ({ takeOver: false, look: true, actor });
  const reports = await pushEach(engine, { ids, wishFor, turnOf: () => undefined }, onNode);
  const { rollout } = engine.parts;
  return summed(engine, reports, rollout?.current() === undefined ? null : rolloutReport(rollout));
}

interface Course {
  readonly ids: readonly NodeId[];
  readonly wishFor: (id: NodeId) => Wish & { readonly actor: Actor };
  /** Why a node gets nothing, once that is known. */
  readonly turnOf: (id: NodeId) => Promise<string | undefined> | undefined;
}

async function pushEach(engine: Engine, course: Course, onNode: OnNode): Promise<readonly NodeReport[]> {
  const { loop, status } = engine.parts;
  const { nodes } = engine.snapshot();
  const reports = await Promise.all(
    course.ids.map(async (id) => {
      const waits = await course.turnOf(id);
      const settled =
        waits === undefined
          ? await loop.push(id, course.wishFor(id))
          : { outcome: waiting(id, waits), status: status.get(id) };
      const node = nodes.get(id);
      const report = node === undefined ? undefined : nodeReport(node, settled, holdNow(engine.parts, node));
      if (report !== undefined) onNode?.(report);
      return report;
    }),
  );
  return reports.filter((report) => report !== undefined);
}

async function summed(
  engine: Engine,
  reports: readonly NodeReport[],
  rollout: PushReport['rollout'],
): Promise<PushReport> {
  const { fleet, status, terms, log } = engine.parts;
  // The nodes have what they should: that the statuses cannot be told is another matter.
  await status.flush().catch((error: unknown) => {
    log.warn('statuses could not be written', { error });
  });
  return { ...pushReport(reports, terms.current(), fleet.current()?.held ?? []), rollout: rollout ?? null };
}

/** What a reviewer let go with the plan, in their name. */
async function approveCarried(
  engine: Engine,
  approvals: NonNullable<PushRequest['expected']>['approvals'],
): Promise<void> {
  for (const { hash, who, why } of approvals)
    await engine.parts.decisions.approve(hash, { who, reason: why ?? undefined });
  if (approvals.length > 0) await engine.replan();
}

function waiting(id: NodeId, evidence: string): Outcome {
  return { ok: false, id, cause: 'rollout_waiting', evidence, reachable: false, facts: undefined };
}
