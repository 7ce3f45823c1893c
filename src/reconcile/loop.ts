import type { NodeId } from '../model/node.ts';
import type { Outcome } from '../model/outcome.ts';
import type { NodePlan } from '../model/plan.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { jittered, type Random } from '../lib/random.ts';
import type { Approach } from '../push/context.ts';
import type { Actor } from '../contract/controller.ts';
import { Asks, remaining, type Ask, type Settled } from './asks.ts';
import type { Attempt } from './history.ts';
import type { Held, ReconcileSettings, StatusRecorder, Wish } from './ports.ts';
import { KeyQueue, type Urgency } from './queue.ts';
import { desiredDigest, type Reconciler } from './reconciler.ts';
import type { Rollout } from './rollout.ts';
import { nextAfter, type Next } from './schedule.ts';
import type { Judgement } from './standing.ts';
import { tellAttempt, tellOutcome } from './tell.ts';

export interface LoopParts {
  readonly reconciler: Pick<Reconciler, 'attempt'>;
  readonly status: StatusRecorder;
  readonly planOf: (id: NodeId) => NodePlan | undefined;
  /** Why nothing may be written now, if so: paused, a living rival, no term. */
  readonly holdback: (id: NodeId) => Held | undefined;
  /** Called with every outcome before it is recorded: the fence may speak of the whole controller. */
  readonly onOutcome: (plan: NodePlan, outcome: Outcome) => Promise<Judgement>;
  readonly onAbsent: (id: NodeId) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** True where somebody prints how each node ended: the log must not say it again. */
  readonly reported?: boolean;
  readonly settings: ReconcileSettings;
  /** Called with every recorded outcome, for the history; it must not wait for anything. */
  readonly onRecorded?: (attempt: Attempt) => void;
  /** Judges a new revision by what attempts with it come to. */
  readonly rollout?: Pick<Rollout, 'reword' | 'settled'>;
  /** True where bytes that somebody else changed are reported and not repaired. */
  readonly observes?: (plan: NodePlan, urgency: Urgency) => boolean;
}

// An old record above our term: a new term is begun at most once a minute.
const laterMs = 60_000;
const afterBootMs = 10_000;

interface Pass {
  /** Attempts that were made. */
  attempt: number;
  /** Attempts in a row that were held back: they pace the next one and count as nothing else. */
  holds: number;
  passes: number;
  /** Something was sent: what follows looks before it writes. */
  tried: boolean;
}

/** The loop: takes keys, makes one attempt each, records it, and decides what follows. */
export class Loop {
  readonly queue: KeyQueue<NodeId>;
  private readonly parts: LoopParts;
  private readonly passes = new Map<NodeId, Pass>();
  private readonly asks = new Asks();
  private readonly running = new Set<Promise<void>>();

  constructor(parts: LoopParts) {
    this.parts = parts;
    this.queue = new KeyQueue<NodeId>(parts.clock);
  }

  /** Works until the signal fires, then waits for what is in flight. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const due = await this.queue.take(signal).catch(() => undefined);
      if (due === undefined) break;
      const work = this.work(due.key, due.urgency, signal).finally(() => {
        this.queue.done(due.key);
        this.running.delete(work);
      });
      this.running.add(work);
    }
    await Promise.allSettled(this.running);
  }

  /** Pushes a node and waits until it is verified or its pass has ended. */
  async push(id: NodeId, options: Wish & { readonly actor?: Actor }): Promise<Settled> {
    const { actor, ...wish } = options;
    const settled = this.asks.add(id, { ...wish, insist: true }, actor);
    this.passes.delete(id);
    this.queue.add(id, 'push');
    return settled;
  }

  /** Forgets everything that waits for a node, and says so to who waits. */
  forget(id: NodeId): void {
    this.queue.remove(id);
    settle(this.asks.take(id), { outcome: unplanned(id), status: undefined });
    this.passes.delete(id);
    this.parts.status.forget(id);
  }

  private async work(id: NodeId, urgency: Urgency, signal: AbortSignal): Promise<void> {
    // Whoever asks from here on waits for the next attempt: this one may already be under way with an older plan.
    const ask = this.asks.take(id);
    try {
      const plan = this.parts.planOf(id);
      if (plan === undefined) settle(ask, { outcome: unplanned(id), status: undefined });
      else await this.attempt(plan, urgency, { ask, signal });
    } catch (error) {
      if (!signal.aborted) this.parts.log.error('reconcile failed', { node: id, error });
      settle(ask, {
        outcome: failed(id, 'internal', signal.aborted ? 'the controller is stopping' : String(error)),
        status: undefined,
      });
    }
  }

  private async attempt(
    plan: NodePlan,
    urgency: Urgency,
    run: { ask: Ask; signal: AbortSignal },
  ): Promise<void> {
    const { id } = plan;
    const { ask } = run;
    const held = this.parts.holdback(id);
    const pass = this.passOf(id, held !== undefined);
    const took = this.begin();
    const outcome =
      held === undefined
        ? await this.parts.reconciler.attempt(
            plan,
            this.approachTo(plan, urgency, { pass, looks: ask.wish.look === true }),
            ask.wish,
            run.signal,
          )
        : failed(id, held.cause, held.evidence);
    pass.tried ||= held === undefined && wasSent(outcome);
    const judgement = await this.parts.onOutcome(plan, outcome);
    if (judgement === 'again') {
      this.passes.delete(id);
      this.asks.putBack(id, ask);
      this.queue.add(id, 'change');
      return;
    }
    const next = this.nextOf(outcome, judgement, { pass, isHeld: held !== undefined });
    const bootBefore = this.parts.status.get(id)?.bootId;
    const passEnded = next.kind !== 'attempt';
    const named = this.parts.rollout?.reword(plan, outcome) ?? outcome;
    const status = this.parts.status.record(named, { desired: desiredDigest(plan), passEnded });
    const attempt = Math.max(1, pass.attempt);
    const made = { kind: urgency, attempted: held === undefined, attempt, actor: ask.actor };
    this.parts.onRecorded?.({ plan, outcome: named, status, ...made, ...took() });
    const tell = this.parts.reported === true ? tellAttempt : tellOutcome;
    tell(this.parts.log, plan.node, { outcome: named, next });
    this.parts.rollout?.settled(plan, outcome, passEnded);
    // A push by hand, or the removal of the node, has ended this pass meanwhile: what comes next is theirs.
    const isOver = this.passes.get(id) !== pass;
    if (!isOver || next.kind === 'presence')
      this.follow(id, pass, next, held === undefined && judgement !== 'later');
    // After a reboot consumers may still be starting: what was proved a moment ago is worth a second look.
    if (bootBefore !== undefined && status.bootId !== bootBefore && next.kind === 'settled')
      this.queue.addLater(id, 'look', afterBootMs);
    if (next.kind === 'attempt') this.asks.putBack(id, { ...ask, wish: remaining(ask.wish) });
    else settle(ask, { outcome: named, status });
  }

  private approachTo(plan: NodePlan, urgency: Urgency, how: { pass: Pass; looks: boolean }): Approach {
    const { pass, looks } = how;
    if (this.parts.observes?.(plan, looks ? 'look' : urgency) === true) return 'observe';
    return urgency === 'look' || pass.tried ? 'check' : 'apply';
  }

  /** Starts the measurement of an attempt; what it gives ends it. */
  private begin(): () => Pick<Attempt, 'startedMs' | 'totalMs'> {
    const { clock } = this.parts;
    const [startedMs, began] = [clock.now(), clock.monotonic()];
    return () => ({ startedMs, totalMs: clock.monotonic() - began });
  }

  private nextOf(
    outcome: Outcome,
    judgement: Judgement,
    { pass, isHeld }: { readonly pass: Pass; readonly isHeld: boolean },
  ): Next {
    if (judgement === 'later') return { kind: 'pass', delayMs: laterMs };
    return nextAfter(outcome, isHeld ? pass.holds : pass.attempt, pass.passes, this.parts.settings);
  }

  /** The pass that an attempt belongs to, with this one counted. */
  private passOf(id: NodeId, isHeld: boolean): Pass {
    const pass = this.passes.get(id) ?? { attempt: 0, holds: 0, passes: 0, tried: false };
    this.passes.set(id, pass);
    if (isHeld) pass.holds += 1;
    else Object.assign(pass, { attempt: pass.attempt + 1, holds: 0 });
    return pass;
  }

  /** `counts`: the pass has failed. What was held back, or waits for the next term, says nothing of the node. */
  private follow(id: NodeId, pass: Pass, next: Next, counts: boolean): void {
    switch (next.kind) {
      case 'settled':
        this.passes.delete(id);
        return;
      case 'presence':
        this.passes.delete(id);
        this.parts.onAbsent(id);
        return;
      case 'attempt':
        this.queue.addLater(id, 'retry', next.delayMs);
        return;
      case 'pass':
        Object.assign(pass, { attempt: 0, holds: 0, passes: pass.passes + (counts ? 1 : 0) });
        this.queue.addLater(id, 'retry', jittered(next.delayMs, 0.2, this.parts.random));
        return;
    }
  }
}

/** Where nobody was reached, or no channel was had, the node has heard nothing. */
function wasSent({ ok, timings, receipt }: Outcome): boolean {
  return ok || timings === undefined || receipt !== undefined || timings.exchangeMs > 0;
}

function settle({ waiters }: Ask, settled: Settled): void {
  for (const waiter of waiters) waiter.resolve(settled);
}

function unplanned(id: NodeId): Outcome {
  return failed(id, 'no_plan', 'the registry holds no valid row for the node');
}

function failed(
  id: NodeId,
  cause: (Outcome & { ok: false })['cause'],
  evidence: string,
): Outcome & { ok: false } {
  return { ok: false, id, cause, evidence, reachable: false, facts: undefined };
}
