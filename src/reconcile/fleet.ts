import type { Node, NodeId } from '../model/node.ts';
import type { FleetPlan, HeldRemoval, NodePlan } from '../model/plan.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { applyGuard, orphans } from '../plan/guard.ts';
import type { GuardLimits } from '../plan/guard-types.ts';
import { planFleet } from '../plan/plan-fleet.ts';

/** What must survive a restart: the last effective snapshot, so that a withheld removal stays withheld, and the rows that were lost. */
export interface InForce {
  readonly snapshot: Snapshot;
  readonly orphans: readonly Node[];
}

export interface EffectiveKeeper {
  load(): Promise<InForce | undefined>;
  save(inForce: InForce): Promise<void>;
}

/** Words of people that withheld removals may go. */
export interface Approvals {
  all(): ReadonlySet<string>;
  spend(hash: string): Promise<void>;
}

/** What a new snapshot changed for the fleet. */
export interface FleetChange {
  /** Nodes whose bytes changed, or that are new. */
  readonly changed: readonly NodeId[];
  readonly gone: readonly NodeId[];
  readonly held: readonly HeldRemoval[];
}

/** The plan of the whole fleet under the guard: what every node should hold now. */
export class Fleet {
  private readonly keeper: EffectiveKeeper;
  private readonly approvals: Approvals;
  private readonly limits: GuardLimits;
  private base: Snapshot | undefined;
  private plan: FleetPlan | undefined;
  private orphaned = new Map<NodeId, Node>();
  private readonly removed = new Set<NodeId>();

  constructor(parts: { keeper: EffectiveKeeper; approvals: Approvals; limits: GuardLimits }) {
    this.keeper = parts.keeper;
    this.approvals = parts.approvals;
    this.limits = parts.limits;
  }

  /** Loads what was in force before the restart. */
  async load(): Promise<void> {
    const inForce = await this.keeper.load();
    this.base = inForce?.snapshot;
    this.orphaned = new Map((inForce?.orphans ?? []).map((node) => [node.id, node]));
  }

  /** Takes a new snapshot through the guard and plans it. The caller queues what changed. */
  async update(current: Snapshot, clusterId: string): Promise<FleetChange> {
    const approved = this.approvals.all();
    const { effective, held } = applyGuard(this.base, current, approved, this.limits);
    // An approval is for this one removal: the same set removed again another day is asked about again.
    const spent =
      approved.size === 0
        ? []
        : applyGuard(this.base, current, new Set(), this.limits).held.filter((one) => approved.has(one.hash));
    const before = [...this.orphaned.keys()].join(' ');
    this.noteOrphans(current, effective);
    const next = planFleet(effective, clusterId, held);
    const changed = [...next.nodes.values()]
      .filter((plan) => !samePlan(plan, this.plan?.nodes.get(plan.id)))
      .map((plan) => plan.id);
    const gone = [...(this.plan?.nodes.keys() ?? [])].filter((id) => !next.nodes.has(id));
    const moved = effective.digest !== this.base?.digest || before !== [...this.orphaned.keys()].join(' ');
    this.base = effective;
    if (moved) await this.save();
    for (const { hash } of spent) await this.approvals.spend(hash);
    this.plan = next;
    return { changed, gone, held };
  }

  /** The newest plan of one node. */
  planOf(id: NodeId): NodePlan | undefined {
    return this.plan?.nodes.get(id);
  }

  /** The newest plan of all nodes; undefined before the first snapshot. */
  current(): FleetPlan | undefined {
    return this.plan;
  }

  /** The snapshot in force: the registry's, with withheld removals still in it. */
  effective(): Snapshot | undefined {
    return this.base;
  }

  /** Nodes whose row vanished by an edit that was no `node remove`. */
  orphans(): ReadonlyMap<NodeId, Node> {
    return this.orphaned;
  }

  /** A node that is being removed on purpose is no orphan when its row goes. */
  expectRemoval(id: NodeId): void {
    this.removed.add(id);
  }

  /** Ends an orphan: it was removed or restored. */
  async settleOrphan(id: NodeId): Promise<void> {
    if (this.orphaned.delete(id)) await this.save();
  }

  private noteOrphans(current: Snapshot, effective: Snapshot): void {
    for (const id of orphans(this.base, current)) {
      const node = this.base?.nodes.get(id);
      if (node !== undefined && !this.removed.has(id)) this.orphaned.set(id, node);
    }
    for (const id of [...this.orphaned.keys(), ...this.removed]) {
      if (!effective.nodes.has(id)) continue;
      this.orphaned.delete(id);
      this.removed.delete(id);
    }
  }

  private async save(): Promise<void> {
    if (this.base !== undefined)
      await this.keeper.save({ snapshot: this.base, orphans: [...this.orphaned.values()] });
  }
}

/** True when a node would be treated alike under both plans: same bytes, same way to it. */
function samePlan(a: NodePlan, b: NodePlan | undefined): boolean {
  if (a.bundles.length !== b?.bundles.length) return false;
  const sameBytes = a.bundles.every(
    (bundle, index) => bundle.digest === b.bundles[index]?.digest && bundle.kind === b.bundles[index].kind,
  );
  const way = (plan: NodePlan): string =>
    JSON.stringify([plan.node.sshUser, plan.node.sshPort, plan.node.hostKeys]);
  return sameBytes && way(a) === way(b);
}
