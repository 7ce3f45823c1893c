import { messageOf } from '../lib/errors.ts';
import type { Node, NodeId } from '../model/node.ts';
import type { FleetPlan, HeldRemoval, NodePlan } from '../model/plan.ts';
import { ownersOf, type Snapshot } from '../model/snapshot.ts';
import { applyGuard, orphans } from '../plan/guard.ts';
import type { GuardLimits } from '../plan/guard-types.ts';
import { planFleet } from '../plan/plan-fleet.ts';
import type { Rollout } from './rollout.ts';

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
  /** Hashes of removals that went by an approval. */
  readonly letGo: readonly string[];
}

/** The plan of the whole fleet under the guard: what every node should hold now. */
export class Fleet {
  private readonly keeper: EffectiveKeeper;
  private readonly approvals: Approvals;
  /** What the guard goes by. */
  readonly limits: GuardLimits;
  private readonly rollout: Pick<Rollout, 'take' | 'choose'> | undefined;
  private readonly warn: ((message: string) => void) | undefined;
  private updates: Promise<unknown> = Promise.resolve();
  private base: Snapshot | undefined;
  private plan: FleetPlan | undefined;
  private orphaned = new Map<NodeId, Node>();
  private stored = true;
  private readonly removed = new Set<NodeId>();
  private readonly removing = new Set<NodeId>();

  constructor(parts: {
    keeper: EffectiveKeeper;
    approvals: Approvals;
    limits: GuardLimits;
    /** Decides who gets a new plan when; without it everybody does at once. */
    rollout?: Pick<Rollout, 'take' | 'choose'>;
    /** A sentence for the log; nothing here is fatal. */
    warn?: (message: string) => void;
  }) {
    this.keeper = parts.keeper;
    this.approvals = parts.approvals;
    this.limits = parts.limits;
    this.rollout = parts.rollout;
    this.warn = parts.warn;
  }

  /** Loads what was in force before the restart. */
  async load(): Promise<void> {
    const inForce = await this.keeper.load();
    this.base = inForce?.snapshot;
    this.orphaned = new Map((inForce?.orphans ?? []).map((node) => [node.id, node]));
  }

  /** Takes a new snapshot through the guard and plans it, one after the other. The caller queues what changed. */
  update(current: Snapshot, clusterId: string): Promise<FleetChange> {
    const change = this.updates.then(() => this.updated(current, clusterId));
    this.updates = change.catch(() => undefined);
    return change;
  }

  private async updated(current: Snapshot, clusterId: string): Promise<FleetChange> {
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
    const gone = [...(this.plan?.nodes.keys() ?? [])].filter((id) => !next.nodes.has(id));
    const moved = !isSame(effective, this.base) || before !== [...this.orphaned.keys()].join(' ');
    // Before anything of the new plan counts, the rollout keeps what it would go back to.
    const base = this.base;
    const opening = await this.rollout?.take({ plan: next, base, clusterId });
    try {
      this.base = effective;
      if (moved || !this.stored) await this.store();
      for (const { hash } of spent) await this.approvals.spend(hash);
    } catch (error) {
      this.base = base;
      opening?.abandon();
      throw error;
    }
    const had = new Map([...(this.plan?.nodes.keys() ?? [])].map((id) => [id, this.planOf(id)]));
    this.plan = next;
    opening?.putInForce();
    const changed = [...next.nodes.keys()].filter((id) => {
      const plan = this.planOf(id);
      return plan !== undefined && !samePlan(plan, had.get(id));
    });
    return { changed, gone, held, letGo: spent.map(({ hash }) => hash) };
  }

  /** What a node should get now: the newest plan, or the last good one while the rollout has not come to it. */
  planOf(id: NodeId): NodePlan | undefined {
    const newest = this.newestOf(id);
    return newest === undefined ? undefined : (this.rollout?.choose(newest).plan ?? newest);
  }

  /** What the registries want of a node. One that is being removed has no plan: what is withdrawn from it must not be pushed again. */
  newestOf(id: NodeId): NodePlan | undefined {
    return this.removing.has(id) ? undefined : this.plan?.nodes.get(id);
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

  /** What the guard would withhold if the registries said this. */
  heldBy(snapshot: Snapshot): readonly HeldRemoval[] {
    return applyGuard(this.base, snapshot, new Set(), this.limits).held;
  }

  /** What would be planned if these removals were approved; nothing changes. */
  preview(current: Snapshot, clusterId: string, approvals: readonly string[]): FleetPlan {
    const approved = new Set([...this.approvals.all(), ...approvals]);
    const { effective, held } = applyGuard(this.base, current, approved, this.limits);
    return planFleet(effective, clusterId, held);
  }

  /** A node that is being removed on purpose is no orphan when its row goes, and is pushed to no more. */
  beginRemoval(id: NodeId): void {
    this.removed.add(id);
    this.removing.add(id);
  }

  /** True from `beginRemoval` to `endRemoval`. */
  isRemoving(id: NodeId): boolean {
    return this.removing.has(id);
  }

  /** Ends a removal. One that broke off while the row was still there leaves a node like any other. */
  endRemoval(id: NodeId, done: boolean): void {
    this.removing.delete(id);
    if (!done) {
      if (this.base?.nodes.has(id) === true) this.removed.delete(id);
      return;
    }
    // Where the registries could not be read again, the plan is from before.
    if (this.plan?.nodes.has(id) === true)
      this.plan = { ...this.plan, nodes: new Map([...this.plan.nodes].filter(([one]) => one !== id)) };
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
      if (!effective.nodes.has(id) || this.removing.has(id)) continue;
      this.orphaned.delete(id);
      this.removed.delete(id);
    }
  }

  /** A full disk must not keep from the nodes what the registries say: what could not be stored is stored with the next update. */
  private async store(): Promise<void> {
    try {
      await this.save();
      this.stored = true;
    } catch (error) {
      this.stored = false;
      this.warn?.(`what is in force could not be stored: ${messageOf(error)}`);
    }
  }

  private async save(): Promise<void> {
    if (this.base !== undefined)
      await this.keeper.save({ snapshot: this.base, orphans: [...this.orphaned.values()] });
  }
}

function isSame(effective: Snapshot, base: Snapshot | undefined): boolean {
  return effective.digest === base?.digest && ownersOf(effective) === ownersOf(base);
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
