import type { NodeId } from '../model/node.ts';
import type { FleetPlan, HeldRemoval, NodePlan } from '../model/plan.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { applyGuard, orphans } from '../plan/guard.ts';
import { planFleet } from '../plan/plan-fleet.ts';

/** Keeps the last effective snapshot across restarts, so that a withheld removal stays withheld. */
export interface EffectiveKeeper {
  load(): Promise<Snapshot | undefined>;
  save(snapshot: Snapshot): Promise<void>;
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
  private readonly approvals: () => ReadonlySet<string>;
  private base: Snapshot | undefined;
  private plan: FleetPlan | undefined;
  private orphaned: readonly NodeId[] = [];

  constructor(parts: { keeper: EffectiveKeeper; approvals: () => ReadonlySet<string> }) {
    this.keeper = parts.keeper;
    this.approvals = parts.approvals;
  }

  /** Loads what was in force before the restart. */
  async load(): Promise<void> {
    this.base = await this.keeper.load();
  }

  /** Takes a new snapshot through the guard and plans it. The caller queues what changed. */
  async update(current: Snapshot, clusterId: string): Promise<FleetChange> {
    const { effective, held } = applyGuard(this.base, current, this.approvals());
    const lost = orphans(this.base, current).filter((id) => !this.orphaned.includes(id));
    this.orphaned = [...this.orphaned, ...lost].filter((id) => !effective.nodes.has(id));
    const next = planFleet(effective, clusterId, held);
    const changed = [...next.nodes.values()].filter((plan) => !samePlan(plan, this.plan?.nodes.get(plan.id))).map((plan) => plan.id);
    const gone = [...(this.plan?.nodes.keys() ?? [])].filter((id) => !next.nodes.has(id));
    if (effective.digest !== this.base?.digest) await this.keeper.save(effective);
    this.base = effective;
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
  orphans(): readonly NodeId[] {
    return this.orphaned;
  }
}

/** True when a node would be treated alike under both plans: same bytes, same way to it. */
function samePlan(a: NodePlan, b: NodePlan | undefined): boolean {
  if (b === undefined || a.bundles.length !== b.bundles.length) return false;
  const sameBytes = a.bundles.every((bundle, index) => bundle.digest === b.bundles[index]?.digest && bundle.kind === b.bundles[index]?.kind);
  const way = (plan: NodePlan): string => JSON.stringify([plan.node.sshUser, plan.node.sshPort, plan.node.hostKeys]);
  return sameBytes && way(a) === way(b);
}
