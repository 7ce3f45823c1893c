import type { NodeId } from '../model/node.ts';
import type { Outcome } from '../model/outcome.ts';
import type { NodePlan } from '../model/plan.ts';
import type { NodeStatus } from '../model/status.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { jittered, type Random } from '../lib/random.ts';
import type { Held, ReconcileSettings, StatusRecorder } from './ports.ts';
import { KeyQueue, type Urgency } from './queue.ts';
import { desiredDigest, type Reconciler } from './reconciler.ts';
import { nextAfter, type Next } from './schedule.ts';
import type { Judgement } from './standing.ts';
import { tellOutcome } from './tell.ts';

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
  readonly settings: ReconcileSettings;
}

/** How one asked-for push ended. */
export interface Settled {
  readonly outcome: Outcome;
  readonly status: NodeStatus | undefined;
}

// An old record above our term: a new term is begun at most once a minute.
const laterMs = 60_000;
const afterBootMs = 10_000;

interface Pass {
  attempt: number;
  passes: number;
}

/** The loop: takes keys, makes one attempt each, records it, and decides what follows. */
export class Loop {
  readonly queue: KeyQueue<NodeId>;
  private readonly parts: LoopParts;
  private readonly passes = new Map<NodeId, Pass>();
  private readonly waiters = new Map<NodeId, PromiseWithResolvers<Settled>[]>();
  private readonly takeOver = new Set<NodeId>();
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
  async push(id: NodeId, options: { takeOver: boolean }): Promise<Settled> {
    const waiter = Promise.withResolvers<Settled>();
    this.waiters.set(id, [...(this.waiters.get(id) ?? []), waiter]);
    if (options.takeOver) this.takeOver.add(id);
    this.passes.delete(id);
    this.queue.add(id, 'push');
    return waiter.promise;
  }

  /** Forgets everything that waits for a node. */
  forget(id: NodeId): void {
    this.queue.remove(id);
    this.passes.delete(id);
    this.parts.status.forget(id);
  }

  private async work(id: NodeId, urgency: Urgency, signal: AbortSignal): Promise<void> {
    // Whoever asks from here on waits for the next attempt: this one may already be under way with an older plan.
    const waiters = this.waiters.get(id) ?? [];
    this.waiters.delete(id);
    const settle = (settled: Settled): void => {
      for (const waiter of waiters) waiter.resolve(settled);
    };
    try {
      const plan = this.parts.planOf(id);
      if (plan === undefined) {
        settle({
          outcome: failed(id, 'no_plan', 'the registry holds no valid row for the node'),
          status: undefined,
        });
        return;
      }
      await this.attempt(plan, urgency, { waiters, settle, signal });
    } catch (error) {
      if (!signal.aborted) this.parts.log.error('reconcile failed', { node: id, error });
      settle({
        outcome: failed(id, 'internal', signal.aborted ? 'the controller is stopping' : String(error)),
        status: undefined,
      });
    }
  }

  private async attempt(
    plan: NodePlan,
    urgency: Urgency,
    run: {
      waiters: PromiseWithResolvers<Settled>[];
      settle: (settled: Settled) => void;
      signal: AbortSignal;
    },
  ): Promise<void> {
    const { id } = plan;
    const pass = this.passes.get(id) ?? { attempt: 0, passes: 0 };
    pass.attempt += 1;
    const held = this.parts.holdback(id);
    const approach = urgency === 'look' || pass.attempt > 1 || pass.passes > 0 ? 'check' : 'apply';
    const outcome =
      held === undefined
        ? await this.parts.reconciler.attempt(plan, approach, { takeOver: this.takeOver.has(id) }, run.signal)
        : failed(id, held.cause, held.evidence);
    this.takeOver.delete(id);
    const judgement = await this.parts.onOutcome(plan, outcome);
    if (judgement === 'again') {
      this.passes.delete(id);
      this.putBack(id, run.waiters);
      this.queue.add(id, 'change');
      return;
    }
    const next: Next =
      judgement === 'later'
        ? { kind: 'pass', delayMs: laterMs }
        : nextAfter(outcome, pass.attempt, pass.passes, this.parts.settings);
    const bootBefore = this.parts.status.get(id)?.bootId;
    const status = this.parts.status.record(outcome, {
      desired: desiredDigest(plan),
      passEnded: next.kind !== 'attempt',
    });
    tellOutcome(this.parts.log, plan.node, { outcome, next });
    this.follow(id, pass, next);
    // After a reboot consumers may still be starting: what was proved a moment ago is worth a second look.
    if (bootBefore !== undefined && status.bootId !== bootBefore && next.kind === 'settled')
      this.queue.addLater(id, 'look', afterBootMs);
    if (next.kind === 'attempt') this.putBack(id, run.waiters);
    else run.settle({ outcome, status });
  }

  private follow(id: NodeId, pass: Pass, next: Next): void {
    switch (next.kind) {
      case 'settled':
        this.passes.delete(id);
        return;
      case 'presence':
        this.passes.delete(id);
        this.parts.onAbsent(id);
        return;
      case 'attempt':
        this.passes.set(id, pass);
        this.queue.addLater(id, 'retry', next.delayMs);
        return;
      case 'pass':
        this.passes.set(id, { attempt: 0, passes: pass.passes + 1 });
        this.queue.addLater(id, 'retry', jittered(next.delayMs, 0.2, this.parts.random));
        return;
    }
  }

  private putBack(id: NodeId, waiters: PromiseWithResolvers<Settled>[]): void {
    if (waiters.length > 0) this.waiters.set(id, [...waiters, ...(this.waiters.get(id) ?? [])]);
  }
}

function failed(
  id: NodeId,
  cause: (Outcome & { ok: false })['cause'],
  evidence: string,
): Outcome & { ok: false } {
  return { ok: false, id, cause, evidence, reachable: false, facts: undefined };
}
