import type { NodeId } from '../model/node.ts';
import type { Outcome } from '../model/outcome.ts';
import type { FleetPlan, NodePlan } from '../model/plan.ts';
import type { RolloutPhase, RolloutRecord } from '../model/rollout.ts';
import { evidenceOf } from '../lib/text.ts';
import { goodPlan, sameBytes } from '../plan/rollout-content.ts';
import { policyFor } from '../plan/rollout-lanes.ts';
import { rowsOfMachines, turnsByMachine } from '../plan/rollout-machines.ts';
import { isCanary } from '../plan/rollout-policy.ts';
import { choosePlan, isPinned, releasedNodes, touchedNodes, type Sight } from '../plan/rollout-record.ts';
import { isOfTheNode, type Standpoint, type Verdict } from '../plan/rollout-step.ts';

/** One rollout as this process sees it: its record, both plans, and what the nodes have answered so far. */
export class RolloutView implements Sight {
  plan: FleetPlan;
  good: FleetPlan | undefined;
  widened = 0;
  private kept: RolloutRecord;
  private turns = new Map<NodeId, number>();
  private touched: ReadonlySet<NodeId> = new Set();
  private readonly verdicts = new Map<NodeId, Verdict>();
  private readonly back = new Map<NodeId, Verdict>();
  private readonly evidence = new Map<NodeId, string>();
  private away: ReadonlySet<NodeId> = new Set();
  private open = new Set<NodeId>();

  constructor(record: RolloutRecord, plan: FleetPlan, good: FleetPlan | undefined) {
    this.kept = record;
    this.plan = plan;
    this.good = good;
    this.index();
  }

  get record(): RolloutRecord {
    return this.kept;
  }

  set record(record: RolloutRecord) {
    this.kept = record;
    this.index();
  }

  /** The same rollout after the registries were read again. */
  renew(plan: FleetPlan, good: FleetPlan | undefined): void {
    this.plan = plan;
    this.good = good;
    this.index();
  }

  readonly turnOf = (id: NodeId): number | undefined => this.turns.get(id);
  readonly isTouched = (id: NodeId): boolean => this.touched.has(id);

  /** Notes a verdict where the attempt was with the plan that is asked about. @returns false where it says nothing. */
  note(plan: NodePlan, outcome: Outcome, verdict: Verdict): boolean {
    const { id } = plan;
    const mayHaveNew = this.isReleased(id) && (!isPinned(this.kept) || this.kept.phase === 'held');
    if (mayHaveNew && sameBytes(plan, this.plan.nodes.get(id)))
      this.verdicts.set(id, this.isAsBefore(outcome) ? 'ailing' : verdict);
    else if (this.goesBack(plan)) this.back.set(id, verdict);
    else return false;
    if (!outcome.ok) this.evidence.set(id, `${outcome.cause}: ${outcome.evidence}`);
    this.open.delete(id);
    return true;
  }

  /** True where a node fails just as it did with the last good revision. */
  private isAsBefore(outcome: Outcome): boolean {
    const known = outcome.ok ? undefined : this.kept.ailing?.[outcome.id];
    if (outcome.ok || known === undefined) return false;
    return known === outcome.cause || (known === 'rollback_failed' && isOfTheNode(outcome.cause));
  }

  /** True for a plan that takes the revision back from a node that does not have its last good bytes yet. */
  goesBack(plan: NodePlan): boolean {
    const newest = this.plan.nodes.get(plan.id);
    if (!isPinned(this.kept) || this.kept.phase === 'held' || !this.touched.has(plan.id)) return false;
    if (this.restored(plan.id)) return false;
    return newest !== undefined && sameBytes(plan, goodPlan(newest, this.good));
  }

  /** True where no node that was let in is still to answer. */
  isAnswered(): boolean {
    return this.open.size === 0;
  }

  /** Nodes whose answer is missing. */
  waitedFor(): readonly NodeId[] {
    return [...this.open];
  }

  /** What a node's attempts with the new plan came to. */
  verdictOn(id: NodeId): Verdict | undefined {
    return this.verdicts.get(id);
  }

  /** What its attempts with the last good plan came to, since the revision is taken back. */
  returnOf(id: NodeId): Verdict | undefined {
    return this.back.get(id);
  }

  evidenceOn(id: NodeId): string {
    return this.evidence.get(id) ?? '';
  }

  standpoint(): Standpoint {
    const { policy, batches, released } = this.kept;
    const canaries = new Set(
      batches.flat().filter((id) => {
        const node = this.plan.nodes.get(id)?.node;
        return node !== undefined && isCanary(node, policyFor(id, policy).canaries);
      }),
    );
    const { verdicts, away, widened } = this;
    return { policy, batches, released, verdicts, canaries, away, widened };
  }

  startBatch(away: readonly NodeId[]): void {
    this.away = new Set([...this.away, ...away]);
    this.widened = 0;
  }

  /** A verified batch is to prove itself once more. */
  forgetVerified(): readonly NodeId[] {
    const batch = this.kept.batches[this.kept.released - 1] ?? [];
    const again = batch.filter((id) => this.verdicts.get(id) === 'ok');
    for (const id of again) this.verdicts.delete(id);
    this.open = new Set([...this.open, ...again]);
    return again;
  }

  /** Nodes that go back to the last good plan; a node that never had one stays as it is. */
  targets(): readonly NodeId[] {
    return touchedNodes(this.kept).filter((id) => {
      const newest = this.plan.nodes.get(id);
      return newest !== undefined && goodPlan(newest, this.good) !== undefined;
    });
  }

  /** True for a node that has the last good bytes back, verified. */
  restored(id: NodeId): boolean {
    return this.back.get(id) === 'ok';
  }

  /** The phase that the answers on the way back make; undefined while one is missing. */
  phaseOfReturn(): RolloutPhase | undefined {
    if (this.kept.phase === 'held') return undefined;
    const targets = this.targets();
    // That it fails on one node is no reason to leave the others on their way.
    if (!targets.every((id) => this.back.has(id))) return undefined;
    return this.notTakenBack().length > 0 ? 'rollback-failed' : 'rolled-back';
  }

  /** Nodes on which the way back has failed. */
  notTakenBack(): readonly NodeId[] {
    return this.targets().filter((id) => this.back.get(id) === 'failed');
  }

  /** The first words of what went wrong. */
  evidenceOf(nodes: readonly NodeId[]): string {
    const told = nodes.map((id) => `${this.plan.nodes.get(id)?.node.name ?? id} ${this.evidenceOn(id)}`);
    return evidenceOf(told.join('; '), 300);
  }

  reasonOfWaiting(id: NodeId): string {
    const { phase, revision, number, note } = this.kept;
    const name = `revision ${revision.slice(0, 12)}`;
    if (isPinned(this.kept)) return `${name} is pinned by rollout ${String(number)}: ${note}`;
    const turn = this.turns.get(id);
    const batch =
      turn === undefined ? '' : ` its batch is ${String(turn + 1)} of ${String(this.kept.batches.length)};`;
    return `${name} waits for its turn:${batch} the rollout is ${phase}`;
  }

  /** The same, where the node keeps an earlier revision; undefined where it may have the newest. */
  waits(id: NodeId): string | undefined {
    const newest = this.plan.nodes.get(id);
    if (newest === undefined) return undefined;
    const { gets, plan } = choosePlan(this.kept, newest, this);
    const isSame = gets === 'new' || (gets === 'good' && sameBytes(plan, newest));
    return isSame ? undefined : this.reasonOfWaiting(id);
  }

  /** Nodes that get the new plan now. */
  withNew(): readonly NodeId[] {
    return [...this.plan.nodes.values()]
      .filter((newest) => choosePlan(this.kept, newest, this).gets === 'new')
      .map(({ id }) => id);
  }

  private isReleased(id: NodeId): boolean {
    const turn = this.turns.get(id);
    return turn !== undefined && turn < this.kept.released;
  }

  private index(): void {
    this.turns = turnsByMachine(this.kept.batches);
    const touched = isPinned(this.kept) ? touchedNodes(this.kept) : this.kept.touched;
    this.touched = rowsOfMachines(touched, this.plan.nodes.keys());
    const asked =
      isPinned(this.kept) && this.kept.phase !== 'held' ? this.targets() : releasedNodes(this.kept);
    const known = isPinned(this.kept) && this.kept.phase !== 'held' ? this.back : this.verdicts;
    this.open = new Set(asked.filter((id) => !known.has(id)));
  }
}
