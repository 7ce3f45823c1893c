import type { Actor } from '../contract/controller.ts';
import type { DriftReport, HoldReport, RolloutReport } from '../contract/rollout-report.ts';
import type { FreezeScope, Steering } from '../contract/steering.ts';
import { isoSeconds } from '../lib/clock.ts';
import { SyncError } from '../lib/errors.ts';
import { isNodeType, type Node, type NodeId } from '../model/node.ts';
import type { DriftMode, RolloutRecord } from '../model/rollout.ts';
import { isPinned, openRecord, stopRecord, touchedNodes } from '../plan/rollout-record.ts';
import { typeScope } from '../store/decisions.ts';
import type { DurableDrift } from '../store/drift.ts';
import type { Pause } from '../store/records.ts';
import type { Engine } from './engine.ts';
import { driftReport, holdReport, rolloutReport } from './rollout-report.ts';
import type { Rollout } from './rollout.ts';
import type { RolloutView } from './rollout-view.ts';
import { selectNodes } from './selection.ts';

/** What an admin says of rollouts, freezes and drift. Each word is kept and audited before it is answered. */
export class SteeringDesk implements Steering {
  private readonly engine: Engine;

  constructor(engine: Engine) {
    this.engine = engine;
  }

  pauseRollout(actor: Actor): Promise<RolloutReport> {
    return this.turn('rollout pause', actor, ({ record }) => {
      if (record.phase !== 'running') throw wrongPhase('rollout pause', 'a running rollout', record);
      return { ...record, phase: 'paused', ...this.by(actor) };
    });
  }

  resumeRollout(actor: Actor): Promise<RolloutReport> {
    return this.turn('rollout resume', actor, ({ record }) => {
      if (record.phase !== 'paused') throw wrongPhase('rollout resume', 'a paused rollout', record);
      return { ...record, phase: 'running', ...this.by(actor) };
    });
  }

  abortRollout({ hold, actor }: { readonly hold: boolean; readonly actor: Actor }): Promise<RolloutReport> {
    return this.turn(hold ? 'rollout abort --hold' : 'rollout abort', actor, ({ record, good }) => {
      if (record.phase !== 'running' && record.phase !== 'paused')
        throw wrongPhase('rollout abort', 'a rollout that runs or is paused', record);
      const why = `aborted by ${actor.who}${actor.reason === undefined ? '' : `: ${actor.reason}`}`;
      const onFailure = hold ? 'hold' : record.policy.onFailure;
      return stopRecord(record, good, { why, who: actor.who, onFailure, now: this.now() });
    });
  }

  unpin(actor: Actor): Promise<RolloutReport> {
    return this.turn('unpin', actor, (view, rollout) => {
      const { record, plan, good } = view;
      if (!isPinned(record)) throw wrongPhase('unpin', 'a pinned revision', record);
      const anew = openRecord({
        plan,
        good,
        baseRevision: record.base,
        policy: rollout.policy(),
        away: new Set([...plan.nodes.keys()].filter((id) => view.returnOf(id) === 'unreachable')),
        ailing: rollout.ailing(plan, record),
        touched: touchedNodes(record).filter((id) => !view.restored(id)),
        number: record.number + 1,
        now: this.now(),
        who: actor.who,
        note: actor.reason ?? '',
      });
      return anew ?? { ...record, phase: 'superseded', ...this.by(actor) };
    });
  }

  async freeze(request: Parameters<Steering['freeze']>[0]): Promise<{
    readonly holds: readonly HoldReport[];
  }> {
    const { scope, from, until, actor } = request;
    const { decisions, clock } = this.engine.parts;
    const { starts, at } = freezeTimes({ from, until, now: clock.now() });
    const scopes = this.scopesOf(scope, 'freeze');
    if (starts !== undefined) {
      const times = { starts: isoSeconds(starts), expires: isoSeconds(at) };
      for (const one of scopes) await decisions.planFreeze(one, actor, times);
      this.engine.thaw.stir();
      return { holds: this.holdsOf(decisions.upcoming(), scopes).filter((one) => one.from === times.starts) };
    }
    const endless = decisions.pauses().find((one) => scopes.includes(one.scope) && one.expires === undefined);
    if (endless !== undefined)
      throw new SyncError(
        'conflict',
        `freeze: expected ${endless.scope} not to be paused, got a pause by ${endless.who} since ${endless.since}, which has no end`,
        { remedy: 'syncctl resume' },
      );
    for (const one of scopes) await decisions.pause(one, actor, isoSeconds(at));
    this.engine.thaw.stir();
    return { holds: this.holdsOf(decisions.pauses(), scopes) };
  }

  async unfreeze({ scope, actor }: Parameters<Steering['unfreeze']>[0]): Promise<{
    readonly ended: readonly string[];
  }> {
    const { decisions, loop } = this.engine.parts;
    const scopes = this.scopesOf(scope, 'unfreeze');
    const held = [...decisions.pauses(), ...decisions.upcoming()].filter((pause) =>
      scopes.includes(pause.scope),
    );
    if (held.length === 0)
      throw new SyncError('notFound', `unfreeze: expected a freeze of ${scopes.join(', ')}, got none`, {
        remedy: 'see what is held with: syncctl status',
      });
    for (const one of new Set(held.map((pause) => pause.scope)))
      await decisions.resume(one, actor, { planned: true });
    this.engine.thaw.stir();
    const isMeant = (id: NodeId): boolean =>
      held.some((pause) => pause.scope === 'all' || pause.scope === id || pause.scope === typeScope(id));
    if (this.engine.parts.daemon)
      for (const id of this.engine.ids().filter(isMeant)) loop.queue.add(id, 'change');
    return { ended: held.map((pause) => holdReport(pause, this.nodes()).what) };
  }

  private holdsOf(pauses: readonly Pause[], scopes: readonly string[]): readonly HoldReport[] {
    const nodes = this.nodes();
    return pauses.filter(({ scope }) => scopes.includes(scope)).map((pause) => holdReport(pause, nodes));
  }

  async drift({
    node,
    mode,
    actor,
  }: {
    readonly node: string;
    readonly mode: DriftMode;
    readonly actor: Actor;
  }): Promise<{ readonly rules: readonly DriftReport[] }> {
    const { decisions, loop, daemon } = this.engine.parts;
    const drift = this.driftRules();
    const ids = selectNodes([node], this.nodes());
    for (const id of ids) {
      await drift.set({ node: id, mode, who: actor.who, why: actor.reason, since: this.now() });
      await decisions.audit(actor, `drift ${mode}`, id);
      if (daemon) loop.queue.add(id, 'look');
    }
    return { rules: ids.flatMap((id) => drift.of(id) ?? []).map((rule) => driftReport(rule, this.nodes())) };
  }

  /** One word about the rollout, in turn with what it does by itself. */
  private async turn(
    what: string,
    actor: Actor,
    how: (view: RolloutView, rollout: Rollout) => RolloutRecord,
  ): Promise<RolloutReport> {
    const { rollout, decisions } = this.engine.parts;
    if (rollout?.current() === undefined) throw noRollout(what);
    await rollout.change((view) => how(view, rollout));
    await decisions.audit(actor, what, `rollout ${String(rollout.record()?.number ?? 0)}`);
    const report = rolloutReport(rollout);
    if (report === null) throw noRollout(what);
    return report;
  }

  private scopesOf({ nodes, type, all }: FreezeScope, what: string): readonly string[] {
    if ([nodes.length > 0, type !== undefined, all].filter(Boolean).length !== 1)
      throw new SyncError(
        'usage',
        `${what}: expected nodes, or --type, or --all, got ${all ? 'several' : 'none'}`,
        {
          remedy: `such as: syncctl ${what} contabo-vps`,
        },
      );
    if (all) return ['all'];
    if (type === undefined) return selectNodes(nodes, this.nodes());
    if (!isNodeType(type))
      throw new SyncError('usage', `--type: expected a type of nodes, got ${JSON.stringify(type)}`, {
        remedy: 'such as vps_nodes; syncctl node stats lists them',
      });
    return [typeScope(type)];
  }

  private nodes(): ReadonlyMap<NodeId, Node> {
    return this.engine.snapshot().nodes;
  }

  private driftRules(): DurableDrift {
    const { drift } = this.engine.parts;
    if (drift !== undefined) return drift;
    throw new SyncError('unavailable', 'drift: expected a controller that keeps rules, got none');
  }

  private by(actor: Actor): Pick<RolloutRecord, 'who' | 'note' | 'since'> {
    return { who: actor.who, note: actor.reason ?? '', since: this.now() };
  }

  private now(): string {
    return isoSeconds(this.engine.parts.clock.now());
  }
}

/** The times of a freeze, both in the future and in their order; `starts` is undefined where it begins now. */
function freezeTimes({
  from,
  until,
  now,
}: {
  readonly from: string | undefined;
  readonly until: string;
  readonly now: number;
}): { readonly starts: number | undefined; readonly at: number } {
  const at = Date.parse(until);
  const starts = from === undefined ? undefined : Date.parse(from);
  if (starts !== undefined && !(starts > now))
    throw new SyncError('usage', `freeze: expected a start in the future, got ${String(from)}`, {
      remedy: 'leave out --from: then it begins now',
    });
  if (!(at > now))
    throw new SyncError('usage', `freeze: expected an end in the future, got ${until}`, {
      remedy: 'such as --for 2h, or --until 2026-12-31T08:00:00Z',
    });
  if (starts === undefined || starts < at) return { starts, at };
  throw new SyncError('usage', `freeze: expected an end after its start ${String(from)}, got ${until}`, {
    remedy: 'such as --from 2026-12-24T18:00 --for 12h',
  });
}

function noRollout(what: string): SyncError {
  return new SyncError('conflict', `${what}: expected a rollout, got none that runs or has stopped`, {
    remedy: 'syncctl rollout show',
  });
}

function wrongPhase(what: string, expected: string, { number, phase }: RolloutRecord): SyncError {
  return new SyncError(
    'conflict',
    `${what}: expected ${expected}, got rollout ${String(number)}, which is ${phase}`,
    { remedy: 'syncctl rollout show' },
  );
}
