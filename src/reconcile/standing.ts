import type { NodeId } from '../model/node.ts';
import type { NodePlan } from '../model/plan.ts';
import type { Outcome } from '../model/outcome.ts';
import type { Term } from '../model/term.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { judgeFence } from './fence-verdict.ts';
import type { Held, NodeMemory } from './ports.ts';
import { acceptedUnder, isInstalled } from './reconciler.ts';
import type { TermHolder } from './term-holder.ts';

/** Why nothing is written, wherever the state of the controller is told. */
const observingReason = 'it only observes; nothing is written to any node or registry until: syncctl adopt';

/** What to do with an outcome: record it, ask the node again at once under a new term, or later. */
export type Judgement = 'record' | 'again' | 'later';

export type StandingKind = 'writing' | 'paused' | 'rival' | 'no-term' | 'reasserting' | 'observing';

/** Whether this controller may write at all: it has a term, no living rival is known, nobody paused it. */
export class Standing {
  private readonly terms: TermHolder;
  private readonly memory: NodeMemory;
  private readonly clock: Clock;
  private readonly log: Logger;
  private readonly pausedBy: () => string | undefined;
  private readonly observing: boolean;
  private rival: string | undefined;
  /** The terms of this life since a person last overruled a rival. */
  private begun: Term[] = [];
  private lastTermMs = 0;
  private retermed = false;
  private reterming: Promise<void> | undefined;
  private readonly rows = new Map<string, Set<NodeId>>();

  constructor(parts: {
    terms: TermHolder;
    memory: NodeMemory;
    clock: Clock;
    log: Logger;
    pausedBy: () => string | undefined;
    /** True where nothing may be written until somebody says so. */
    observing?: boolean;
  }) {
    this.terms = parts.terms;
    this.memory = parts.memory;
    this.clock = parts.clock;
    this.log = parts.log;
    this.pausedBy = parts.pausedBy;
    this.observing = parts.observing ?? false;
  }

  /** What this controller is, and why. */
  state(): { readonly kind: StandingKind; readonly reason: string } {
    if (this.observing) return { kind: 'observing', reason: observingReason };
    if (this.rival !== undefined) return { kind: 'rival', reason: this.rival };
    const paused = this.pausedBy();
    if (paused !== undefined) return { kind: 'paused', reason: paused };
    if (this.terms.current() === undefined) return { kind: 'no-term', reason: 'no term has begun' };
    if (this.terms.isReasserting())
      return { kind: 'reasserting', reason: 'the term store is down; only last-good is pushed' };
    return { kind: 'writing', reason: '' };
  }

  /** Why a node may not be written now. Under the own last term only what was installed before is asserted again. */
  holdback(plan: NodePlan | undefined): Held | undefined {
    const { kind, reason: evidence } = this.state();
    switch (kind) {
      case 'rival':
        return { cause: 'rival', evidence };
      case 'paused':
        return { cause: 'paused', evidence };
      case 'no-term':
        return { cause: 'waiting_retry', evidence };
      case 'reasserting':
        return plan !== undefined && isInstalled(this.memory, plan)
          ? undefined
          : { cause: 'waiting_retry', evidence };
      // Looking is all that is done then.
      case 'observing':
      case 'writing':
        return undefined;
    }
  }

  /** Begins a term above everything heard by a person's word, which alone ends a rival's claim. */
  async overrule(heard: number): Promise<Term> {
    const term = await this.begin(heard);
    this.rival = undefined;
    this.begun = [term];
    return term;
  }

  /** Begins a term above everything heard. */
  async begin(heard: number): Promise<Term> {
    const term = await this.terms.begin(heard);
    this.begun.push(term);
    this.lastTermMs = this.clock.monotonic();
    this.log.info('term begun', { epoch: term.epoch, writer: term.writer });
    return term;
  }

  /** Judges what a node's fence said; `again` when the node should be asked once more under a new term. */
  async judge(plan: NodePlan, outcome: Outcome): Promise<Judgement> {
    const rows = this.rowsBeside(plan);
    if (outcome.ok) return 'record';
    const verdict = judgeFence({
      cause: outcome.cause,
      // A push may have left under the term before: who wrote after that one is alive as well.
      acceptedThisTerm: [...this.begun, this.terms.current()].some((term) =>
        acceptedUnder(this.memory, { plan, rows }, term),
      ),
      nowMs: this.clock.monotonic(),
      lastTermMs: this.lastTermMs,
      retermed: this.retermed,
    });
    if (verdict === 'rival') this.stop(plan, outcome);
    // Under the own last term nothing new is pushed, and so no term is begun to push it.
    if (verdict === 'wait' || (verdict === 'new-term' && this.terms.isReasserting())) return 'later';
    // Beside a living rival an old record on one more node is no reason to begin a term over him.
    if (verdict !== 'new-term' || outcome.fence === undefined || this.rival !== undefined) return 'record';
    if (outcome.fence.epoch < (this.terms.current()?.epoch ?? 0)) return 'again';
    return this.rise(outcome.fence.epoch);
  }

  /** Rows of the registry that were heard of on the same machine: they share its record. */
  private rowsBeside({ id, node }: NodePlan): ReadonlySet<NodeId> {
    const machine = `${node.address} ${String(node.sshPort ?? '')}`;
    const rows = this.rows.get(machine) ?? new Set();
    this.rows.set(machine, rows.add(id));
    return rows;
  }

  private stop(plan: NodePlan, outcome: Outcome & { ok: false }): void {
    if (this.rival !== undefined) return;
    const who =
      outcome.fence === undefined
        ? 'another controller'
        : `writer ${outcome.fence.writer} in epoch ${String(outcome.fence.epoch)}`;
    this.rival = `${plan.node.name} has accepted pushes of ${who} after ours`;
    this.log.error('a living rival writes to our nodes; pushing stops until `syncctl term take`', {
      node: plan.id,
      rival: who,
    });
  }

  /** Several nodes may refuse at once: one new term serves them all. */
  private async rise(heard: number): Promise<Judgement> {
    this.reterming ??= this.begin(heard)
      .then(() => {
        this.retermed = true;
      })
      .finally(() => {
        this.reterming = undefined;
      });
    try {
      await this.reterming;
      return 'again';
    } catch (error) {
      this.log.warn('a new term cannot begin', { error });
      return 'later';
    }
  }
}
