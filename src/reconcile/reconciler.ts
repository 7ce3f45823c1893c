import type { Digest } from '../model/bundle.ts';
import type { NodeId } from '../model/node.ts';
import type { Outcome, ReceiptSummary } from '../model/outcome.ts';
import type { NodePlan } from '../model/plan.ts';
import type { Term } from '../model/term.ts';
import type { Clock } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import type { Random } from '../lib/random.ts';
import { veilValue } from '../lib/veil.ts';
import { evidenceOf } from '../lib/text.ts';
import { isAccepted } from '../push/causes.ts';
import type { Approach } from '../push/context.ts';
import { isOlder } from '../lib/version.ts';
import { pushNode } from '../push/push-node.ts';
import { Timekeeper } from '../push/timekeeper.ts';
import { Unconfirmed } from '../push/unconfirmed.ts';
import type { Endpoint, Transport } from '../transport/transport.ts';
import type { EndpointOf, Mend, NodeMemory, ReconcileSettings, Wish } from './ports.ts';
import { flightsOver, flightTo, placed, type Flights, type Slots } from './slots.ts';
import type { TermHolder } from './term-holder.ts';

export interface ReconcilerParts {
  readonly transport: Transport;
  readonly endpointOf: EndpointOf;
  readonly mend: Mend;
  readonly memory: NodeMemory;
  readonly terms: TermHolder;
  readonly slots: Slots;
  /** Places for exchanges that still have to dial: a dead host holds one until its dial ends, and must not hold up warm ones. */
  readonly coldSlots: Slots;
  /** Whose pinned key this is, if any node's: another node may answer under a reused address. */
  readonly ownerOfKey: (key: string) => NodeId | undefined;
  /** Version of the receiver that this release brings. */
  readonly receiverVersion: () => Promise<string>;
  readonly clock: Clock;
  readonly random: Random;
  readonly settings: ReconcileSettings;
  /** True while no complete source was ever seen. */
  readonly additionsOnly: () => boolean;
}

/** How one attempt is made. */
interface How extends Wish {
  readonly approach: Approach;
  readonly times: Timekeeper;
}

/** Classes that an installation of the receiver may cure. */
const curable: ReadonlySet<string> = new Set(['receiver_missing', 'receiver_outdated', 'target_unknown']);

/** Makes one node's observed state match its plan, once. One flight per host, whatever rows name it. */
export class Reconciler {
  private readonly parts: ReconcilerParts;
  private readonly flights: Flights;
  private readonly tried = new Set<NodeId>();
  private readonly unconfirmed = new Unconfirmed();

  constructor(parts: ReconcilerParts) {
    this.parts = parts;
    this.flights = flightsOver(parts.transport);
  }

  /** One attempt. Never rejects but for the signal: what goes wrong is an outcome. */
  async attempt(plan: NodePlan, approach: Approach, wish: Wish, signal: AbortSignal): Promise<Outcome> {
    const times = new Timekeeper(this.parts.clock);
    try {
      const endpoint = await this.parts.endpointOf(plan.node);
      const flight = flightTo(endpoint);
      const waited = times.start();
      const outcome = await this.flights.run(flight, () => {
        waited('waitMs');
        return this.fly(plan, endpoint, { approach, ...wish, times }, signal);
      });
      return veilValue({ ...outcome, ...times.course() });
    } catch (error) {
      signal.throwIfAborted();
      return {
        ok: false,
        id: plan.id,
        cause: 'internal',
        evidence: evidenceOf(messageOf(error)),
        reachable: false,
        facts: undefined,
      };
    }
  }

  /** Pushes; where the receiver is what is missing, brings it and pushes once more. */
  private async fly(plan: NodePlan, endpoint: Endpoint, how: How, signal: AbortSignal): Promise<Outcome> {
    const outcome = this.named(await this.push(plan, endpoint, how, signal));
    const kinds = plan.bundles.map((bundle) => bundle.kind);
    if (outcome.ok)
      return this.upgraded(plan, outcome, () => this.parts.mend(plan.node, endpoint, kinds, signal));
    if (!curable.has(outcome.cause)) return outcome;
    const failed = await this.parts.mend(plan.node, endpoint, kinds, signal);
    return failed ?? this.named(await this.push(plan, endpoint, how, signal));
  }

  /** A key that is pinned for another node tells more than "changed": that node answers here. */
  private named(outcome: Outcome): Outcome {
    if (outcome.ok || outcome.cause !== 'hostkey_changed' || outcome.shownKey === undefined) return outcome;
    const owner = this.parts.ownerOfKey(outcome.shownKey);
    return owner === undefined
      ? outcome
      : { ...outcome, cause: 'identity_mismatch', evidence: `${owner} answers here: ${outcome.evidence}` };
  }

  /** An older receiver is replaced after the push, once per process; where our login may not, the push stands all the same. */
  private async upgraded(
    plan: NodePlan,
    outcome: Outcome & { ok: true },
    mend: () => Promise<unknown>,
  ): Promise<Outcome> {
    const wanted = await this.parts.receiverVersion();
    if (!isOlder(outcome.facts.receiver, wanted) || this.tried.has(plan.id)) return outcome;
    this.tried.add(plan.id);
    const failed = await mend();
    return {
      ...outcome,
      notes: [...outcome.notes, failed === undefined ? 'receiver_upgraded' : 'receiver_outdated'],
    };
  }

  private async push(plan: NodePlan, endpoint: Endpoint, how: How, signal: AbortSignal): Promise<Outcome> {
    const { parts } = this;
    const { times } = how;
    const term = parts.terms.current();
    const kind = plan.bundles[0]?.kind;
    const outcome = await pushNode(
      plan,
      how.approach,
      {
        lane: {
          transport: parts.transport,
          endpoint,
          clusterId: term?.clusterId ?? '',
          random: parts.random,
          deadlineMs: parts.settings.deadlineMs,
          ...(how.insist === true ? { insist: true } : {}),
          times,
        },
        clock: parts.clock,
        nextPosition: () => parts.terms.next(),
        slot: (work) => {
          const waited = times.start();
          const slots = parts.transport.isWarm(endpoint) ? parts.slots : parts.coldSlots;
          return placed(endpoint, slots, () => {
            waited('waitMs');
            return work();
          });
        },
        memory: kind === undefined ? undefined : parts.memory.recall(plan.id, kind),
        loadMs: parts.settings.loadMs,
        takeOver: how.takeOver,
        confirmSeconds: how.confirmSeconds ?? parts.settings.confirmSeconds ?? 0,
        unconfirmed: this.unconfirmed,
        ...(how.base === undefined ? {} : { base: how.base }),
        additionsOnly: parts.additionsOnly(),
      },
      signal,
    );
    if (term === undefined) return outcome;
    if (outcome.ok) this.remember(plan, outcome.rungs, term);
    else this.rememberAccepted(plan, times.course().receipt, term);
    return outcome;
  }

  /** A push that the node took and its consumer did not: whoever writes there after it is a rival all the same. */
  private rememberAccepted(plan: NodePlan, receipt: ReceiptSummary | undefined, term: Term): void {
    const kind = plan.bundles.at(-1)?.kind;
    if (receipt === undefined || kind === undefined || receipt.mode === 'check') return;
    if (receipt.epoch !== term.epoch || !isAccepted(receipt.result)) return;
    this.parts.memory.remember(plan.id, kind, {
      accepted: { epoch: term.epoch, writer: term.writer },
      installed: receipt.after === 'absent' ? undefined : (receipt.after as Digest | undefined),
      rungs: this.parts.memory.recall(plan.id, kind)?.rungs ?? [],
    });
  }

  private remember(plan: NodePlan, rungs: readonly string[], term: { epoch: number; writer: string }): void {
    for (const bundle of plan.bundles) {
      this.parts.memory.remember(plan.id, bundle.kind, {
        accepted: { epoch: term.epoch, writer: term.writer },
        installed: bundle.digest,
        rungs,
      });
    }
  }
}

/** The digest a plan wants on its node, as the status shows it. */
export function desiredDigest(plan: NodePlan | undefined): Digest | undefined {
  return plan?.bundles[0]?.digest;
}

/** True when a target already accepted a push of this very term; `rows` are all rows of the registry that name its machine. */
export function acceptedUnder(
  memory: NodeMemory,
  { plan, rows }: { readonly plan: NodePlan; readonly rows: Iterable<NodeId> },
  term: { epoch: number; writer: string } | undefined,
): boolean {
  return [...rows].some((id) =>
    plan.bundles.some((bundle) => {
      const accepted = memory.recall(id, bundle.kind)?.accepted;
      return term !== undefined && accepted?.epoch === term.epoch && accepted.writer === term.writer;
    }),
  );
}

/** True when what the plan wants is what we installed last. */
export function isInstalled(memory: NodeMemory, plan: NodePlan): boolean {
  return plan.bundles.every((bundle) => memory.recall(plan.id, bundle.kind)?.installed === bundle.digest);
}
