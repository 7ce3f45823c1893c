import type { NodeId } from '../model/node.ts';
import type { Outcome } from '../model/outcome.ts';
import type { FleetPlan, NodePlan } from '../model/plan.ts';
import type { RolloutPolicy, RolloutRecord } from '../model/rollout.ts';
import { Bell } from '../lib/bell.ts';
import { isoSeconds } from '../lib/clock.ts';
import { isGradual, unknownCanaries } from '../plan/rollout-policy.ts';
import { choosePlan, isOpen, type Choice } from '../plan/rollout-record.ts';
import { nextStep, verdictOf, type Step } from '../plan/rollout-step.ts';
import { LastBytes } from './last-bytes.ts';
import { openedFromRest, sealedAtRest } from '../registry/sealed/at-rest.ts';
import { snapshotOf, snapshotText } from './snapshot-text.ts';
import { RolloutDrive } from './rollout-drive.ts';
import { ailingOf, openingOf } from './rollout-opening.ts';
import type { NewPlan, RolloutHands, RolloutParts, Taken } from './rollout-ports.ts';
import { tellPhase } from './rollout-tell.ts';
import { RolloutView } from './rollout-view.ts';

/**
 * Which plan a node gets now, the new one or the last good one; nothing else of the house knows of rollouts. It is advanced
 * by what attempts with the new plan came to, one turn after the other.
 */
export class Rollout {
  private readonly parts: RolloutParts;
  private readonly drive: RolloutDrive;
  private readonly bytes: LastBytes;
  private view: RolloutView | undefined;
  private hands: RolloutHands | undefined;
  private begun = false;
  /** A new plan is on its way into force: nothing moves before it is. */
  private taking = 0;
  private turns: Promise<void> = Promise.resolve();
  private readonly bell = new Bell();

  constructor(parts: RolloutParts) {
    this.parts = parts;
    this.bytes = new LastBytes(parts);
    this.drive = new RolloutDrive({
      parts,
      hands: () => this.hands,
      put: (record) => this.put(record),
      onSoaked: () => {
        this.kick();
      },
    });
  }

  /** Connects the loop; until `begin` nothing moves. */
  connect(hands: RolloutHands): void {
    this.hands = hands;
  }

  /** Lets the rollout go on: the nodes may be written from now on. */
  begin(): void {
    if (this.begun) return;
    this.begun = true;
    if (this.view !== undefined) this.hands?.moved(this.view.waitedFor());
    this.kick();
  }

  /** What runs or has stopped; undefined where every node gets the newest plan. */
  current(): RolloutView | undefined {
    return this.view !== undefined && isOpen(this.view.record) ? this.view : undefined;
  }

  /** The same, an ended one too, as long as this process has seen its nodes. */
  last(): RolloutView | undefined {
    return this.view;
  }

  /** The newest record, ended ones too. */
  record(): RolloutRecord | undefined {
    return this.view?.record ?? this.parts.memory.record();
  }

  /** Which plan a node gets now. */
  choose(newest: NodePlan): Choice {
    const { view } = this;
    return view === undefined ? { plan: newest, gets: 'new' } : choosePlan(view.record, newest, view);
  }

  /** Why a node is not written although a newer plan is there; undefined where it gets one. */
  keeps(id: NodeId): string | undefined {
    const { view } = this;
    const newest = view?.plan.nodes.get(id);
    if (view === undefined || newest === undefined) return undefined;
    return choosePlan(view.record, newest, view).gets === 'keeps' ? view.reasonOfWaiting(id) : undefined;
  }

  /** Takes a new plan, and keeps what it would go back to. */
  async take(next: NewPlan): Promise<Taken> {
    this.taking += 1;
    try {
      return await this.inTurn(() => this.opened(next));
    } catch (error) {
      this.taking -= 1;
      throw error;
    }
  }

  /** Notes what an attempt came to. */
  settled(plan: NodePlan, outcome: Outcome, passEnded: boolean): void {
    const view = this.current();
    if (view === undefined) return;
    if (!this.isMoving()) {
      // Who waits for a turn must hear that none comes now.
      this.bell.ring();
      return;
    }
    const verdict = verdictOf(outcome, passEnded);
    if (verdict === undefined || !view.note(plan, outcome, verdict)) return;
    if (verdict === 'failed' || view.isAnswered()) this.kick();
  }

  /** A failed attempt to take a revision back is a class of its own. */
  reword(plan: NodePlan, outcome: Outcome): Outcome {
    if (outcome.ok || this.view?.goesBack(plan) !== true || verdictOf(outcome, true) !== 'failed')
      return outcome;
    return { ...outcome, cause: 'rollback_failed', evidence: `${outcome.cause}: ${outcome.evidence}` };
  }

  /** Changes the record by a person's word, in turn with what happens by itself; undefined changes nothing. */
  async change(how: (view: RolloutView) => RolloutRecord | undefined): Promise<void> {
    await this.inTurn(async () => {
      const record = this.view === undefined ? undefined : how(this.view);
      if (record === undefined) return;
      if (record.number === this.view?.record.number) await this.put(record);
      else await this.begunAnew(record);
    });
    this.kick();
  }

  /** False before `begin`, and while nothing is written at all. */
  isMoving(): boolean {
    return this.begun && this.hands?.isWriting() === true;
  }

  /** Nodes that fail already, before a next rollout, and how. */
  ailing(plan: FleetPlan, open: RolloutRecord): ReadonlyMap<NodeId, string> {
    return ailingOf(plan, open, (id) => this.hands?.failing?.(id));
  }

  /** The policy of the next rollout. */
  policy(): RolloutPolicy {
    return this.parts.policy();
  }

  /** What it does next, and what it waits for. */
  step(): Step | undefined {
    const { view } = this;
    return view?.record.phase === 'running' ? nextStep(view.standpoint()) : undefined;
  }

  /** True while a verified batch is watched. */
  isSoaking(): boolean {
    return this.drive.isSoaking();
  }

  /** Resolves with the first value that is not undefined, asked again after every change. */
  when<T>(ask: () => T | undefined, signal: AbortSignal): Promise<T> {
    return this.bell.when(ask, signal);
  }

  private async opened(next: NewPlan): Promise<Taken> {
    const { memory, clock, policy } = this.parts;
    const record = memory.record();
    const kept = record !== undefined && isOpen(record) ? record.base : undefined;
    const text = kept === undefined ? undefined : await memory.base(kept);
    const known = isOpen(record)
      ? text === undefined
        ? undefined
        : snapshotOf(await openedFromRest(text))
      : next.base;
    // What was read before a complete source was ever seen lacks names that nobody withdrew: nobody goes back to it.
    const before = known?.additionsOnly === true ? undefined : known;
    const asks = before !== undefined && (isOpen(record) || isGradual(policy()));
    const good = asks ? await this.bytes.planOf(before, next.clusterId) : undefined;
    const opening = openingOf({
      plan: next.plan,
      record,
      lost: memory.isLost(),
      before,
      good: () => good?.(),
      policy: policy(),
      isAway: (id) => this.hands?.isAway(id) === true,
      failing: (id) => this.hands?.failing?.(id),
      isRestored: (id) => this.view?.restored(id) === true,
      now: isoSeconds(clock.now()),
    });
    if (opening.store !== undefined)
      await memory.keep(
        opening.store,
        before === undefined
          ? undefined
          : { revision: before.digest, body: await sealedAtRest(snapshotText(before)) },
      );
    return {
      putInForce: () => {
        this.taking -= 1;
        this.putInForce(opening.record, next.plan, opening.good);
        this.kick();
      },
      abandon: () => {
        this.taking -= 1;
      },
    };
  }

  private putInForce(record: RolloutRecord | undefined, plan: FleetPlan, good: FleetPlan | undefined): void {
    const { view } = this;
    if (record === undefined) {
      this.view = undefined;
      this.keepBytes(plan);
    } else if (view?.record.number === record.number) view.renew(plan, good);
    else this.show(new RolloutView(record, plan, good));
    this.bell.ring();
  }

  /** What goes to everybody is what another release is held against. */
  private keepBytes(plan: FleetPlan): void {
    if (isGradual(this.parts.policy())) this.bytes.keep(plan);
    else this.bytes.forget();
  }

  private show(view: RolloutView): void {
    this.view = view;
    this.drive.reset();
    tellPhase(this.parts.log, view.record);
    const nodes = [...view.plan.nodes.values()].map(({ node }) => node);
    const unknown = unknownCanaries(nodes, view.record.policy);
    if (unknown.length > 0)
      this.parts.log.warn('the policy names canaries that no node is', { canaries: unknown.join(' ') });
  }

  /** The same plan from its first batch. */
  private async begunAnew(record: RolloutRecord): Promise<void> {
    const { view } = this;
    if (view === undefined) return;
    await this.parts.memory.keep(record);
    this.show(new RolloutView(record, view.plan, view.good));
    this.bell.ring();
  }

  private kick(): void {
    const work = this.inTurn(async () => {
      const mayMove = (): boolean => this.begun && this.taking === 0 && this.hands?.signal.aborted === false;
      while (mayMove() && this.view !== undefined && (await this.drive.turn(this.view)));
      this.bell.ring();
    });
    void work.catch((error: unknown) => {
      this.parts.log.error('a rollout could not go on', { error });
    });
  }

  /** On disk first: what counts after this would count after a restart. */
  private async put(record: RolloutRecord): Promise<void> {
    const { view } = this;
    if (view === undefined) return;
    const { phase } = view.record;
    await this.parts.memory.keep(record);
    const had = new Set(view.withNew());
    view.record = record;
    if (!isOpen(record)) this.keepBytes(view.plan);
    this.bell.ring();
    if (phase !== record.phase) {
      tellPhase(this.parts.log, record);
      this.drive.reset();
    }
    // A command that brings nothing to the nodes leaves that to the next push.
    if (!this.begun) return;
    this.hands?.moved(
      record.phase === 'rolling-back' ? view.targets() : view.withNew().filter((id) => !had.has(id)),
    );
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.turns.then(work);
    this.turns = done.then(
      () => undefined,
      () => undefined,
    );
    return done;
  }
}
