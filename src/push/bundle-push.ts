import type { Bundle } from '../model/bundle.ts';
import type { NodeFacts, Outcome } from '../model/outcome.ts';
import type { NodePlan } from '../model/plan.ts';
import { fallbackFor } from '../plan/fallback.ts';
import type { Receipt } from '../wire/receipt.ts';
import type { Flag } from '../wire/request.ts';
import { causeForResult } from './causes.ts';
import type { PushContext } from './context.ts';
import { call, isFailed, type Answer, type NoReceipt } from './exchange.ts';
import { verify, type Verdict } from './verify.ts';

const pollMs = 250;

/** One bundle on its way to one node. */
export class BundlePush {
  private readonly plan: NodePlan;
  private readonly bundle: Bundle;
  private readonly context: PushContext;
  private readonly signal: AbortSignal;

  constructor(plan: NodePlan, bundle: Bundle, context: PushContext, signal: AbortSignal) {
    this.plan = plan;
    this.bundle = bundle;
    this.context = context;
    this.signal = signal;
  }

  /** Looks first; writes only when the bytes differ. Repeated attempts after a good install therefore repeat the verification alone. */
  async checkFirst(): Promise<Outcome> {
    const seen = await this.look();
    if (isFailed(seen)) return this.failure(seen);
    const refused = causeForResult(seen.result);
    if (refused !== undefined) return this.refusal(seen);
    if (seen.after?.sha === this.bundle.digest) return this.prove(seen, false, '');
    return this.apply(seen);
  }

  /** The managed bytes that are there now, or why they cannot be read. */
  async content(): Promise<string | Outcome> {
    const seen = await this.context.slot(() => this.check(['content']));
    if (isFailed(seen)) return this.failure(seen);
    if (causeForResult(seen.result) !== undefined) return this.refusal(seen);
    return seen.bodies.get('content')?.toString('utf8') ?? '';
  }

  /** Installs, then proves. `seen` is an earlier look at the node, where there was one. */
  async apply(seen: Receipt | undefined): Promise<Outcome> {
    const baseline = seen ?? (this.hasLoader() ? await this.look() : undefined);
    if (baseline !== undefined && isFailed(baseline)) return this.failure(baseline);
    const receipt = await this.context.slot(() =>
      call(
        this.context.lane,
        {
          mode: 'apply',
          kind: this.bundle.kind,
          position: this.context.nextPosition(),
          document: Buffer.from(this.bundle.bytes),
          flags: this.context.takeOver ? ['take-over'] : [],
        },
        this.signal,
      ),
    );
    if (isFailed(receipt)) return this.failure(receipt);
    if (causeForResult(receipt.result) !== undefined) return this.refusal(receipt);
    const previous = baseline?.bodies.get('content')?.toString('utf8') ?? '';
    const outcome = await this.prove(receipt, receipt.result === 'INSTALLED', previous);
    return outcome.ok || outcome.cause !== 'not_loaded' ? outcome : this.undo(outcome, baseline);
  }

  /** The bytes, and what the consumer says before anything changes. */
  private async look(): Promise<Answer> {
    return this.context.slot(() => this.check(this.hasLoader() ? ['content', 'raw'] : ['answers']));
  }

  /** True where a consumer loads the file by itself, some time after it was written. */
  private hasLoader(): boolean {
    return this.bundle.expectation.kind === 'traefik';
  }

  private check(flags: readonly Flag[]): Promise<Answer> {
    // A check is answered for any epoch; it takes no seq of the term.
    const position = { ...this.context.nextPosition(), seq: 0 };
    return call(this.context.lane, { mode: 'check', kind: this.bundle.kind, position, flags }, this.signal);
  }

  /** Climbs the ladder; a consumer that loads with a delay is asked again until it agrees or its time is over. */
  private async prove(receipt: Receipt, changed: boolean, previous: string): Promise<Outcome> {
    const { clock, loadMs, memory } = this.context;
    const known = { expected: memory?.rungs ?? [], previous };
    let verdict = verify(this.bundle, receipt, known);
    const until = clock.monotonic() + loadMs;
    for (
      let round = 0;
      this.hasLoader() && (round === 0 || (!verdict.ok && verdict.retry && clock.monotonic() < until));
      round += 1
    ) {
      if (round > 0) await clock.sleep(pollMs, this.signal);
      const looked = await this.check(['raw', 'answers']);
      if (isFailed(looked)) return this.failure(looked);
      verdict = verify(this.bundle, looked, known);
    }
    return this.conclude(verdict, receipt, changed);
  }

  private conclude(verdict: Verdict, receipt: Receipt, changed: boolean): Outcome {
    const { id } = this.plan;
    const facts = factsOf(receipt);
    if (!verdict.ok)
      return { ok: false, id, cause: verdict.cause, evidence: verdict.evidence, reachable: true, facts };
    const notes: string[] = [];
    if (receipt.first === true && this.context.memory?.accepted !== undefined) notes.push('node_reset');
    if (receipt.installed?.atomic === false) notes.push('nonatomic');
    if ((receipt.facts.legacy ?? 0) > 0) notes.push('legacy_writer');
    return { ok: true, id, changed, installed: this.bundle.digest, rungs: verdict.rungs, facts, notes };
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
    if (isFailed(receipt)) return this.failure(receipt);
    const restored = receipt.result === 'RESTORED' || receipt.result === 'UNCHANGED';
    return {
      ...outcome,
      cause: restored ? 'restored' : 'restore_failed',
      evidence: `${outcome.evidence}; ${restored ? 'the fallback is in place' : `the fallback was answered ${receipt.result}`}`,
    };
  }

  private failure(answer: NoReceipt): Outcome {
    const { cause, evidence, reachable, shownKey } = answer;
    return {
      ok: false,
      id: this.plan.id,
      cause,
      evidence,
      reachable,
      facts: undefined,
      ...(shownKey === undefined ? {} : { shownKey }),
    };
  }

  private refusal(receipt: Receipt): Outcome {
    const fence = receipt.fence;
    const told =
      fence === null
        ? ''
        : `; the node's fence is epoch ${String(fence.epoch)}, writer ${fence.writer}, seq ${String(fence.seq)}`;
    return {
      ok: false,
      id: this.plan.id,
      cause: causeForResult(receipt.result) ?? 'internal',
      evidence: `${receipt.result}${receipt.text === '' ? '' : `: ${receipt.text}`}${told}`,
      reachable: true,
      facts: factsOf(receipt),
      ...(fence === null ? {} : { fence: { epoch: fence.epoch, writer: fence.writer } }),
    };
  }
}

function factsOf(receipt: Receipt): NodeFacts {
  const { receiver, boot, clock, hostname, path } = receipt.facts;
  return { receiver, boot, clock, hostname, path };
}
