import type { DriftReport, HoldReport, RolloutReport } from '../contract/rollout-report.ts';
import type { Node, NodeId } from '../model/node.ts';
import type { DriftRule, RolloutRecord } from '../model/rollout.ts';
import { lanesOf } from '../plan/rollout-lanes.ts';
import { isPinned } from '../plan/rollout-record.ts';
import { shareText } from '../model/share.ts';
import type { Verdict } from '../plan/rollout-step.ts';
import type { Pause } from '../store/records.ts';
import type { Rollout } from './rollout.ts';
import type { RolloutView } from './rollout-view.ts';

// A page is read by a person; all of a fleet is in `status`.
const listed = 20;

type Waiting = Pick<RolloutReport, 'waiting' | 'waitingFor'>;

/** The rollout as an admin sees it; null where none has ever been. */
export function rolloutReport(rollout: Rollout | undefined): RolloutReport | null {
  const record = rollout?.record();
  if (rollout === undefined || record === undefined) return null;
  const view = rollout.last();
  return { ...recordReport(record, view), ...waitingOf(rollout, view) };
}

/** The same from the record alone, where no controller runs. */
export function recordReport(record: RolloutRecord, view?: RolloutView): RolloutReport {
  const { number, revision, base, phase, began, since, who, policy, released, batches } = record;
  const count = (batch: readonly NodeId[], verdict: string): number =>
    batch.filter((id) => view?.verdictOn(id) === verdict).length;
  return {
    apiVersion: 'sync-controller/v1',
    kind: 'RolloutReport',
    number,
    revision,
    base: base ?? null,
    phase,
    began,
    since,
    who,
    note: noteOf(record),
    onFailure: policy.onFailure,
    waiting: null,
    waitingFor: [],
    released,
    batches: batches.map((batch) => ({
      nodes: batch.length,
      verified: count(batch, 'ok'),
      failed: count(batch, 'failed'),
      unreachable: count(batch, 'unreachable'),
      held: count(batch, 'held'),
      ailing: count(batch, 'ailing'),
    })),
    policy: lanesOf(policy).map(([nodes, lane]) => ({
      nodes,
      batches: lane.batches.map(shareText),
      canaries: [...lane.canaries.names, ...lane.canaries.labels],
      maxFailed: shareText(lane.maxFailed),
      maxUnreachable: shareText(lane.maxUnreachable),
      soakMs: lane.soakMs,
    })),
    failed: judged(batches, view, 'failed'),
    ailing: judged(batches, view, 'ailing'),
    taken: takenOf(view),
    end: endOf(record.phase),
  };
}

function noteOf({ note, notTakenBack }: RolloutRecord): string {
  return notTakenBack === undefined ? note : `${note}; not taken back from ${notTakenBack}`;
}

function judged(
  batches: RolloutRecord['batches'],
  view: RolloutView | undefined,
  verdict: Verdict,
): RolloutReport['failed'] {
  return batches
    .flat()
    .filter((id) => view?.verdictOn(id) === verdict)
    .slice(0, listed)
    .map((node) => ({ node, name: nameIn(view, node), evidence: view?.evidenceOn(node) ?? '' }));
}

function waitingOf(rollout: Rollout, view: RolloutView | undefined): Waiting {
  if (view?.record.phase === 'rolling-back')
    return { waiting: 'answers', waitingFor: named(view, view.waitedFor()) };
  const step = rollout.step();
  if (view !== undefined && step?.kind === 'wait')
    return { waiting: step.on, waitingFor: named(view, step.nodes) };
  return { waiting: rollout.isSoaking() ? 'soak' : null, waitingFor: [] };
}

function named(view: RolloutView, ids: readonly NodeId[]): string[] {
  return ids.slice(0, listed).map((id) => nameIn(view, id));
}

function nameIn(view: RolloutView | undefined, id: NodeId): string {
  return view?.plan.nodes.get(id)?.node.name ?? id;
}

function takenOf(view: RolloutView | undefined): RolloutReport['taken'] {
  if (view === undefined || !isPinned(view.record) || view.record.phase === 'held') return null;
  const targets = view.targets();
  return {
    nodes: targets.length,
    restored: targets.filter((id) => view.returnOf(id) === 'ok').length,
    failed: targets.filter((id) => view.returnOf(id) === 'failed').length,
  };
}

/** What ends a phase that waits for a person. */
function endOf(phase: RolloutReport['phase']): string | null {
  switch (phase) {
    case 'paused':
      return 'syncctl rollout resume';
    case 'held':
    case 'rolling-back':
    case 'rolled-back':
    case 'rollback-failed':
      return 'syncctl unpin --reason "…", or an edit of the registry';
    default:
      return null;
  }
}

/** A pause or freeze in words, with the command that ends it. */
export function holdReport(pause: Pause, nodes: ReadonlyMap<NodeId, Node>): HoldReport {
  const { scope, who, why, since, expires, starts } = pause;
  const type = scope.startsWith('type:') ? scope.slice('type:'.length) : undefined;
  const name = nodes.get(scope as NodeId)?.name ?? scope;
  const what = scope === 'all' ? 'all nodes' : type === undefined ? name : `all ${type}`;
  const words = scope === 'all' ? '--all' : type === undefined ? name : `--type ${type}`;
  const end =
    expires === undefined
      ? `syncctl resume${scope === 'all' ? '' : ` ${name}`}`
      : `syncctl unfreeze ${words}`;
  return { scope, what, who, why: why ?? null, since, from: starts ?? null, until: expires ?? null, end };
}

/** A rule of drift in words, with the command that ends it. */
export function driftReport(rule: DriftRule, nodes: ReadonlyMap<NodeId, Node>): DriftReport {
  const { node, mode, who, why, since } = rule;
  const name = nodes.get(node)?.name ?? node;
  return { node, name, mode, who, why: why ?? null, since, end: `syncctl drift ${name} correct` };
}
