import type { Bundle } from '../model/bundle.ts';
import type { Outcome } from '../model/outcome.ts';
import type { NodePlan } from '../model/plan.ts';
import { fallbackFor } from '../plan/fallback.ts';
import { targetOf } from '../plan/node-types/index.ts';
import type { Loading } from '../plan/targets/target.ts';
import type { Receipt } from '../wire/receipt.ts';
import type { Flag } from '../wire/request.ts';
import { causeForResult } from './causes.ts';
import type { PushContext } from './context.ts';
import { armFor, confirmChange, unsecured, type Armed } from './confirm.ts';
import { call, isFailed, type Answer, type Lane } from './exchange.ts';
import { drifted, factsOf, isLegacy, notesOf, refused, unanswered, unproved } from './outcomes.ts';
import type { Pending } from './unconfirmed.ts';
import { verify } from './verify.ts';

const pollMs = 250;

/** What is proved of a receipt: whether bytes changed, what stood there before, and whether a consumer is given time. */
interface Proof {
  readonly changed: boolean;
  readonly previous: string;
  readonly patient?: boolean;
}

/** One bundle on its way to one node. */
export class BundlePush {
  private readonly plan: NodePlan;
  private readonly bundle: Bundle;
  private readonly context: PushContext;
  private readonly signal: AbortSignal;
  /** How the consumer comes to know new bytes; undefined where every reader reads the file itself. */
  private readonly loading: Loading | undefined;

  constructor(plan: NodePlan, bundle: Bundle, context: PushContext, signal: AbortSignal) {
    this.plan = plan;
    this.bundle = bundle;
    this.context = context;
    this.signal = signal;
    this.loading = targetOf(bundle.kind).loading;
  }

  /**
   * Looks first; writes only when the bytes differ, and not even then where `repair` is false. Repeated attempts after a good
   * install therefore repeat the verification alone.
   */
  async checkFirst(repair = true): Promise<Outcome> {
    const seen = await this.look();
    if (isFailed(seen)) return unanswered(this.plan.id, seen);
    if (causeForResult(seen.result) !== undefined) return refused(this.plan.id, seen);
    // A block of an older tool beside ours is repaired, though ours is whole.
    if (seen.after?.sha === this.bundle.digest && !isLegacy(seen)) return this.kept(seen, repair);
    return repair ? this.apply(seen) : drifted(this.plan.id, seen, this.bundle.digest);
  }

  /** The managed bytes that are there now, or why they cannot be read. */
  async content(): Promise<string | Outcome> {
    const seen = await this.context.slot(() => this.check(['content']));
    if (isFailed(seen)) return unanswered(this.plan.id, seen);
    if (causeForResult(seen.result) !== undefined) return refused(this.plan.id, seen);
    return seen.bodies.get('content')?.toString('utf8') ?? '';
  }

  /** Installs, then proves. `seen` is an earlier look at the node, where there was one. */
  async apply(seen: Receipt | undefined, flags: readonly Flag[] = []): Promise<Outcome> {
    const baseline = await this.baselineOf(seen);
    if (baseline !== undefined && isFailed(baseline)) return unanswered(this.plan.id, baseline);
    const armed = this.armed(baseline);
    if (armed === 'impossible') return unsecured(this.plan.id);
    const { lane, takeOver, base } = this.context;
    const position = this.context.nextPosition();
    const pending = armed === undefined ? undefined : { position, confirmSeconds: armed.confirmSeconds };
    if (pending !== undefined) this.context.unconfirmed.note(this.plan.id, this.bundle.kind, pending);
    const receipt = await this.context.slot(() =>
      call(
        lane,
        {
          mode: 'apply',
          kind: this.bundle.kind,
          position,
          document: Buffer.from(this.bundle.bytes),
          flags: [...flags, ...(takeOver ? (['take-over'] as const) : [])],
          ...(base === undefined ? {} : { base }),
          ...(armed ?? this.ifRefused(baseline)),
        },
        this.signal,
      ),
    );
    if (isFailed(receipt)) return unanswered(this.plan.id, receipt);
    if (causeForResult(receipt.result) !== undefined) return refused(this.plan.id, receipt);
    const outcome =
      receipt.result === 'UNCHANGED' && flags.length === 0
        ? await this.proveInstalled(receipt, baseline)
        : await this.proveChanged(receipt, baseline);
    if (pending !== undefined) return this.confirmed(outcome, pending);
    // A request that was accepted voids what an older one armed.
    this.context.unconfirmed.settle(this.plan.id, this.bundle.kind, position);
    return outcome;
  }

  /** The bytes are there. Where the answer to our own change was lost, the node still waits to be told to keep them. */
  private async kept(seen: Receipt, repair: boolean): Promise<Outcome> {
    const outcome = await this.proveInstalled(seen, seen, repair);
    const pending = this.context.unconfirmed.standing(this.plan.id, this.bundle.kind, seen);
    return outcome.ok && pending !== undefined ? this.confirmed(outcome, pending) : outcome;
  }

  private async confirmed(verified: Outcome, pending: Pending): Promise<Outcome> {
    const { kind } = this.bundle;
    const outcome = await confirmChange(verified, { lane: this.context.lane, kind, ...pending }, this.signal);
    if (outcome.ok) this.context.unconfirmed.settle(this.plan.id, kind, pending.position);
    return outcome;
  }

  private async proveChanged(receipt: Receipt, baseline: Receipt | undefined): Promise<Outcome> {
    const previous = baseline?.bodies.get('content')?.toString('utf8') ?? '';
    const outcome = await this.prove(receipt, { changed: receipt.result === 'INSTALLED', previous });
    return outcome.ok || outcome.cause !== 'not_loaded' ? outcome : this.undo(outcome, baseline);
  }

  /** What stands there before; asked for where a consumer or a confirmation needs it. */
  private async baselineOf(seen: Receipt | undefined): Promise<Answer | undefined> {
    const mustSecure = (this.context.confirmSeconds ?? 0) > 0;
    if (mustSecure && seen?.bodies.has('content') !== true && seen?.after?.sha !== 'absent')
      return this.context.slot(() =>
        this.check([...new Set([...(this.loading?.before ?? []), 'content'] as const)]),
      );
    return seen ?? (this.loading === undefined ? undefined : this.look());
  }

  private armed(baseline: Receipt | undefined): Armed | 'impossible' | undefined {
    const seconds = this.context.confirmSeconds ?? 0;
    if (seconds === 0 || baseline === undefined) return undefined;
    const armed = armFor(this.bundle, baseline, seconds);
    return armed === 'nothing' ? undefined : armed;
  }

  /** The bytes, and what the consumer says before anything changes. */
  private async look(): Promise<Answer> {
    return this.context.slot(() => this.check(this.loading?.before ?? ['answers']));
  }

  /**
   * The bytes are there. A consumer that is told to load, and does not serve them, is told again: the reload may have been lost
   * with a crash, or somebody loaded something else since. Where nothing is to be repaired it is only looked at.
   */
  private async proveInstalled(
    receipt: Receipt,
    baseline: Receipt | undefined,
    repair = true,
  ): Promise<Outcome> {
    const told = repair && this.loading?.told === true;
    const outcome = await this.prove(receipt, { changed: false, previous: '', patient: !told });
    if (outcome.ok || !told || !(outcome.cause === 'not_loaded' || outcome.cause === 'not_answering'))
      return outcome;
    return this.apply(baseline, ['reload']);
  }

  /** What the node puts back by itself where its consumer refuses the new bytes; only one that is told to load can do so. */
  private ifRefused(baseline: Receipt | undefined): { readonly fallback?: Buffer } {
    if (this.loading?.told !== true || baseline === undefined) return {};
    if (baseline.after?.sha === 'absent') return { fallback: Buffer.alloc(0) };
    const content = baseline.bodies.get('content')?.toString('utf8');
    const fallback = content === undefined ? undefined : fallbackFor(this.bundle, content);
    return fallback === undefined || fallback === this.bundle.bytes
      ? {}
      : { fallback: Buffer.from(fallback) };
  }

  private check(flags: readonly Flag[], lane: Lane = this.context.lane): Promise<Answer> {
    // A check is answered for any epoch; it takes no seq of the term.
    const position = { ...this.context.nextPosition(), seq: 0 };
    return call(lane, { mode: 'check', kind: this.bundle.kind, position, flags }, this.signal);
  }

  private async prove(receipt: Receipt, what: Proof): Promise<Outcome> {
    const end = this.context.lane.times?.start();
    const outcome = await this.climb(receipt, what);
    end?.('verifyMs');
    return outcome;
  }

  /** Climbs the ladder; a consumer that loads with a delay is asked again until it agrees or its time is over. */
  private async climb(receipt: Receipt, { changed, previous, patient = true }: Proof): Promise<Outcome> {
    const { clock, loadMs, memory } = this.context;
    // The time of these looks is part of the proof.
    const lane = { ...this.context.lane, times: undefined };
    const known = { expected: memory?.rungs ?? [], previous };
    let verdict = verify(this.bundle, receipt, known);
    const until = clock.monotonic() + (patient ? loadMs : 0);
    for (
      let round = 0;
      this.loading !== undefined &&
      (round === 0 || (!verdict.ok && verdict.retry && clock.monotonic() < until));
      round += 1
    ) {
      if (round > 0) await clock.sleep(pollMs, this.signal);
      const looked = await this.check(this.loading.proof, lane);
      if (isFailed(looked)) return unanswered(this.plan.id, looked);
      verdict = verify(this.bundle, looked, known);
    }
    const { id } = this.plan;
    if (!verdict.ok) return unproved(id, verdict, receipt);
    const notes = notesOf(receipt, this.context.memory?.accepted !== undefined);
    const installed = this.bundle.digest;
    return { ok: true, id, changed, installed, rungs: verdict.rungs, facts: factsOf(receipt), notes };
  }

  /**
   * A consumer that was healthy before and does not take the new bytes gets the old ones back, minus what the plan withdraws.
   * One that was already down keeps the new bytes: a restore would only hide that.
   */
  private async undo(outcome: Outcome & { ok: false }, baseline: Receipt | undefined): Promise<Outcome> {
    const content = baseline?.bodies.get('content');
    if (baseline?.rungs['raw'] !== 'ok' || content === undefined) return outcome;
    const fallback = fallbackFor(this.bundle, content.toString('utf8'));
    if (fallback === undefined || fallback === this.bundle.bytes) return outcome;
    const receipt = await this.context.slot(() =>
      call(
        this.context.lane,
        {
          mode: 'rollback',
          kind: this.bundle.kind,
          position: this.context.nextPosition(),
          document: Buffer.from(fallback),
        },
        this.signal,
      ),
    );
    if (isFailed(receipt)) return unanswered(this.plan.id, receipt);
    const restored = receipt.result === 'RESTORED' || receipt.result === 'UNCHANGED';
    return {
      ...outcome,
      cause: restored ? 'restored' : 'restore_failed',
      evidence: `${outcome.evidence}; ${restored ? 'the fallback is in place' : `the fallback was answered ${receipt.result}`}`,
    };
  }
}
