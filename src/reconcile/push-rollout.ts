import type { PushRequest } from '../contract/controller.ts';
import type { NodeReport } from '../contract/report.ts';
import type { RolloutReport } from '../contract/rollout-report.ts';
import { isoSeconds } from '../lib/clock.ts';
import { SyncError, type ExitName } from '../lib/errors.ts';
import { remedyFor, type CauseClass } from '../model/cause.ts';
import type { NodeId } from '../model/node.ts';
import type { RolloutPhase } from '../model/rollout.ts';
import { isPinned, letIn } from '../plan/rollout-record.ts';
import type { ControllerParts } from './parts.ts';
import { rolloutReport } from './rollout-report.ts';
import type { Rollout } from './rollout.ts';
import type { RolloutView } from './rollout-view.ts';

/** A push as the rollout lets it: each node in its turn, the end told of all of them. */
export class RolloutPush {
  private readonly parts: ControllerParts;
  private readonly request: PushRequest;
  private readonly signal: AbortSignal;
  /** The rollout that this push has met or begun. */
  private met: number | undefined;

  constructor(parts: ControllerParts, request: PushRequest, signal: AbortSignal) {
    this.parts = parts;
    this.request = request;
    this.signal = signal;
  }

  /**
   * Begins the rollout, or lets the selected nodes past it.
   * @throws SyncError `rolledBack` or `rollbackFailed` where the revision is pinned, as the push that met the failure would have ended.
   */
  async open(ids: readonly NodeId[]): Promise<void> {
    const { rollout } = this.parts;
    const view = rollout?.current();
    if (rollout === undefined || view === undefined) return;
    this.met = view.record.number;
    const waiting = ids.filter((id) => this.getsOther(id));
    if (this.request.allAtOnce === true) await this.override(rollout, view, waiting);
    else if (waiting.length > 0 && isPinned(view.record)) {
      await this.takeBack(rollout, view, waiting);
      throw pinned(view);
    }
    // A command about some nodes does not begin with others.
    if (this.request.nodes === undefined || this.request.expected !== undefined) rollout.begin();
  }

  /** Waits for the node's turn. @returns why it does not get one now, or undefined where it has come. */
  async turnOf(id: NodeId): Promise<string | undefined> {
    const { rollout } = this.parts;
    if (rollout === undefined) return undefined;
    const told = await rollout.when(() => {
      const view = rollout.current();
      if (view === undefined || !this.getsOther(id)) return { why: undefined };
      return this.stands(rollout, view) ? { why: view.reasonOfWaiting(id) } : undefined;
    }, this.signal);
    return told.why;
  }

  /** Waits until the rollout has nothing more to do by itself, where the push was of all nodes. */
  async end(): Promise<RolloutReport | null> {
    const { rollout } = this.parts;
    if (rollout === undefined || this.met === undefined) return null;
    if (rollout.current() === undefined) return rolloutReport(rollout);
    if (this.request.nodes !== undefined) return rolloutReport(rollout);
    await rollout.when(() => {
      const view = rollout.current();
      return view === undefined || this.stands(rollout, view) ? true : undefined;
    }, this.signal);
    return rolloutReport(rollout);
  }

  /** What is told of a node after the end: one that was verified may have had its revision taken back since. */
  rejudged(report: NodeReport): NodeReport {
    const { rollout, status } = this.parts;
    const id = report.node as NodeId;
    const view = rollout?.current();
    const node = view?.plan.nodes.get(id)?.node;
    if (view === undefined || node === undefined || !isPinned(view.record) || !this.getsOther(id))
      return report;
    const worse = view.returnOf(id) === 'failed';
    if (!report.verified && !worse) return report;
    const cause: CauseClass = worse ? 'rollback_failed' : 'rolled_back';
    return {
      ...report,
      verified: false,
      state: status.get(id)?.state ?? report.state,
      cause,
      evidence: worse ? view.evidenceOn(id) : view.reasonOfWaiting(id),
      remedy: remedyFor(cause, node),
      rungs: [],
    };
  }

  /** True where a node does not get what the registries want. */
  private getsOther(id: NodeId): boolean {
    const { rollout, fleet } = this.parts;
    const newest = fleet.newestOf(id);
    return newest !== undefined && rollout !== undefined && rollout.choose(newest).gets !== 'new';
  }

  /** True where it does not go on before something happens that no push brings about. */
  private stands(rollout: Rollout, { record }: RolloutView): boolean {
    if (!rollout.isMoving()) return true;
    if (record.phase === 'rolling-back') return false;
    if (record.phase !== 'running') return true;
    const step = rollout.step();
    return step?.kind === 'wait' && step.on !== 'answers';
  }

  /** Where the way back has failed, a push is the admin's word that it may succeed now. */
  private async takeBack(rollout: Rollout, view: RolloutView, ids: readonly NodeId[]): Promise<void> {
    if (view.record.phase !== 'rollback-failed') return;
    rollout.begin();
    const targets = new Set(view.targets());
    const wish = { takeOver: false, look: true, actor: this.request.actor };
    const left = ids.filter((id) => targets.has(id) && !view.restored(id));
    await Promise.all(left.map((id) => this.parts.loop.push(id, wish)));
    const isTold = (): boolean => (view.phaseOfReturn() ?? view.record.phase) === view.record.phase;
    await rollout.when(() => isTold() || undefined, this.signal);
  }

  private async override(rollout: Rollout, view: RolloutView, ids: readonly NodeId[]): Promise<void> {
    const { actor, nodes } = this.request;
    if (actor.reason === undefined)
      throw new SyncError('usage', 'push --all-at-once: expected a reason, got none', {
        remedy: 'pass --reason "…"',
      });
    if (nodes !== undefined && isPinned(view.record)) throw pinned(view);
    await this.parts.decisions.audit(actor, 'push --all-at-once', view.record.revision);
    const since = isoSeconds(this.parts.clock.now());
    await rollout.change(({ record }) =>
      nodes === undefined
        ? { ...record, phase: 'overridden', since, who: actor.who, note: actor.reason ?? '' }
        : letIn(record, ids),
    );
  }
}

/** The named exit of a push that meets a rollout in this phase. */
export function exitOf(phase: RolloutPhase): ExitName {
  switch (phase) {
    case 'rolling-back':
    case 'rolled-back':
      return 'rolledBack';
    case 'rollback-failed':
      return 'rollbackFailed';
    default:
      return 'failure';
  }
}

function pinned(view: RolloutView): SyncError {
  const { number, revision, since, note, phase } = view.record;
  return new SyncError(
    exitOf(phase),
    `push: expected a revision that may be pushed, got ${revision.slice(0, 12)}, pinned since ${since} by rollout ${String(number)}: ${note}`,
    { remedy: 'correct the registry, or: syncctl unpin --reason "…"' },
  );
}
