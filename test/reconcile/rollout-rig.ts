// A fleet in memory under a virtual clock: the real fleet, rollout and loop over nodes that answer as the test says.
import { causeOf, type CauseClass } from '../../src/model/cause.ts';
import { nodeId, type NodeId, type NodeType } from '../../src/model/node.ts';
import type { Outcome } from '../../src/model/outcome.ts';
import type { NodePlan } from '../../src/model/plan.ts';
import type { RolloutPolicy, RolloutRecord } from '../../src/model/rollout.ts';
import { silentLogger } from '../../src/lib/logger.ts';
import { defaultGuardLimits } from '../../src/plan/guard-types.ts';
import { failingOf } from '../../src/reconcile/failing.ts';
import { Fleet, type InForce } from '../../src/reconcile/fleet.ts';
import { Loop } from '../../src/reconcile/loop.ts';
import { desiredDigest } from '../../src/reconcile/reconciler.ts';
import { Rollout } from '../../src/reconcile/rollout.ts';
import type { KeptBytes } from '../../src/reconcile/rendered-file.ts';
import type { RolloutKeeper } from '../../src/reconcile/rollout-ports.ts';
import { Ledger } from '../../src/status/ledger.ts';
import { service, snapshotOf } from '../plan/registry-of.ts';
import { ManualClock } from '../support/manual-clock.ts';

export const off: RolloutPolicy = {
  batches: [],
  canaries: { names: [], labels: [] },
  maxFailed: { count: 0 },
  maxUnreachable: { percent: 100 },
  onFailure: 'rollback',
  soakMs: 0,
};
export const oneByOne: RolloutPolicy = { ...off, batches: [{ count: 1 }] };
/** Nodes with a capital are VPS. */
const typeOf = (name: string): NodeType => (name === name.toLowerCase() ? 'worker_nodes' : 'vps_nodes');
export const idOf = (name: string): NodeId => nodeId(typeOf(name), address(name));
const address = (name: string): string => `10.0.0.${String(name.charCodeAt(0) - 64)}`;

/** What the disk holds: it survives a kill. */
export class Disk implements RolloutKeeper {
  kept: RolloutRecord | undefined;
  lost = false;
  inForce: InForce | undefined;
  readonly bases = new Map<string, string>();
  /** What an earlier release has made of the last good revision. */
  bytes: KeptBytes | undefined;
  /** Every record that was kept, as `phase released`. */
  readonly log: string[] = [];
  /** Awaited before each write, so that a kill can fall in between. */
  gate: () => Promise<void> = () => Promise.resolve();
  record(): RolloutRecord | undefined {
    return this.kept;
  }
  isLost(): boolean {
    return this.lost;
  }
  base(revision: string): Promise<string | undefined> {
    return Promise.resolve(this.bases.get(revision));
  }
  async keep(record: RolloutRecord, base?: { revision: string; body: string }): Promise<void> {
    await this.gate();
    this.kept = record;
    this.lost = false;
    if (base !== undefined) this.bases.set(base.revision, base.body);
    this.log.push(`${record.phase} ${String(record.released)}`);
  }
}

/** One node: what it holds, and how it takes new bytes. */
export interface FakeNode {
  holds: string;
  offline: boolean;
  /** The class with which it refuses bytes that hold this name; it holds them all the same. */
  refuses: Map<string, CauseClass>;
  readonly installed: string[];
}

export class World {
  readonly clock = new ManualClock();
  readonly disk = new Disk();
  readonly nodes: ReadonlyMap<string, FakeNode>;
  policy: RolloutPolicy;
  held = new Map<string, CauseClass>();
  writing = true;
  names: readonly string[] = ['base'];
  process!: Process;

  constructor(names: string, policy: RolloutPolicy) {
    this.policy = policy;
    this.nodes = new Map(
      names
        .split(' ')
        .map((name) => [
          name,
          { holds: '', offline: false, refuses: new Map<string, CauseClass>(), installed: [] },
        ]),
    );
  }

  node(name: string): FakeNode {
    const node = this.nodes.get(name);
    if (node === undefined) throw new Error(`no node ${name}`);
    return node;
  }

  /** Starts a process on the disk as it is, and lets the first pass end. */
  async start(): Promise<void> {
    this.process = new Process(this);
    await this.process.open();
    await this.settle();
  }

  /** Kills the process: what it had in memory is gone. */
  async kill(): Promise<void> {
    this.process.stop.abort(new Error('killed'));
    await this.settle();
  }

  /** An edit of the registry: these services are there from now on. */
  async edit(...names: string[]): Promise<void> {
    this.names = names;
    await this.process.replan();
    await this.settle();
  }

  async settle(ms = 1): Promise<void> {
    await this.clock.advance(ms);
  }

  /** Which names each node holds, as `a:base,x b:base`. */
  get shown(): string {
    return [...this.nodes].map(([name, { holds }]) => `${name}:${holds}`).join(' ');
  }

  get phase(): string | undefined {
    return this.disk.kept?.phase;
  }

  private rows(type: NodeType): object[] {
    return [...this.nodes.keys()]
      .filter((name) => typeOf(name) === type)
      .map((name) => ({ ip: address(name), name, ssh_user: 'node' }));
  }

  snapshot() {
    return snapshotOf({
      // Without a name the source is unreadable.
      services:
        this.names.length === 0
          ? 'null'
          : Object.fromEntries(this.names.map((name, index) => [name, service(name, index + 1)])),
      registry: {
        management_laptops: [],
        vps_nodes: this.rows('vps_nodes'),
        worker_nodes: this.rows('worker_nodes'),
      },
    });
  }
}

class Process {
  readonly fleet: Fleet;
  readonly rollout: Rollout;
  readonly loop: Loop;
  readonly ledger: Ledger;
  readonly stop = new AbortController();
  private readonly world: World;

  constructor(world: World) {
    this.world = world;
    const { clock, disk } = world;
    this.ledger = new Ledger(clock);
    const bytes = {
      load: () => Promise.resolve(disk.bytes),
      save: (kept: KeptBytes) => {
        disk.bytes = kept;
        return Promise.resolve();
      },
      drop: () => {
        disk.bytes = undefined;
        return Promise.resolve();
      },
    };
    this.rollout = new Rollout({ memory: disk, policy: () => world.policy, bytes, clock, log: silentLogger });
    this.fleet = new Fleet({
      keeper: {
        load: () => Promise.resolve(disk.inForce),
        save: (inForce) => {
          disk.inForce = inForce;
          return Promise.resolve();
        },
      },
      approvals: { all: () => new Set(), spend: () => Promise.resolve() },
      limits: defaultGuardLimits,
      rollout: this.rollout,
    });
    this.loop = this.buildLoop();
    this.rollout.connect({
      moved: (ids) => {
        for (const id of ids) {
          this.ledger.expect(id, desiredDigest(this.fleet.planOf(id)));
          this.loop.queue.add(id, 'change');
        }
      },
      look: (ids) => {
        for (const id of ids) this.loop.queue.add(id, 'look');
      },
      isAway: (id) => {
        const cause = this.ledger.get(id)?.cause;
        return cause !== undefined && causeOf(cause).offline;
      },
      failing: (id) => failingOf(this.ledger.get(id)),
      isWriting: () => world.writing,
      signal: this.stop.signal,
    });
  }

  async open(): Promise<void> {
    await this.fleet.load();
    await this.replan();
    void this.loop.run(this.stop.signal);
    this.rollout.begin();
    this.pushAll();
  }

  async replan(): Promise<void> {
    const { changed } = await this.fleet.update(this.world.snapshot(), 'cluster-0001');
    for (const id of changed) {
      this.ledger.expect(id, desiredDigest(this.fleet.planOf(id)));
      this.loop.queue.add(id, 'change');
    }
  }

  pushAll(urgency: 'change' | 'look' = 'change'): void {
    for (const name of this.world.nodes.keys()) this.loop.queue.add(idOf(name), urgency);
  }

  /** As the presence watch does for a node that returns. */
  returned(name: string): void {
    this.world.node(name).offline = false;
    this.loop.queue.add(idOf(name), 'change');
  }

  private buildLoop(): Loop {
    const { clock, held, writing } = this.world;
    return new Loop({
      reconciler: { attempt: (plan) => Promise.resolve(this.attempt(plan)) },
      status: this.ledger,
      planOf: (id) => this.fleet.planOf(id),
      holdback: (id) => {
        if (!writing) return { cause: 'paused', evidence: '' };
        const cause = held.get(this.nameOf(id));
        if (cause !== undefined) return { cause, evidence: '' };
        const waits = this.rollout.keeps(id);
        return waits === undefined ? undefined : { cause: 'rollout_waiting', evidence: waits };
      },
      onOutcome: () => Promise.resolve('record'),
      onAbsent: () => undefined,
      rollout: this.rollout,
      clock,
      random: { unit: () => 0.5, hex: () => '00' },
      log: silentLogger,
      settings: {
        attempts: 3,
        delayMs: 5_000,
        factor: 2,
        parallel: 4,
        deadlineMs: 1_000,
        loadMs: 1_000,
        maxDelayMs: 900_000,
      },
    });
  }

  private attempt(plan: NodePlan): Outcome {
    const { id } = plan;
    const node = this.world.node(this.nameOf(id));
    const failed = (cause: CauseClass): Outcome => ({
      ok: false,
      id,
      cause,
      evidence: 'seen',
      reachable: cause !== 'timeout',
      facts: undefined,
    });
    if (node.offline) return failed('timeout');
    const [bundle] = plan.bundles;
    if (bundle === undefined) return failed('no_plan');
    const names = bundle.names.map((name) => name.split('.')[0] ?? '');
    const changed = node.holds !== names.join(',');
    node.holds = names.join(',');
    if (changed) node.installed.push(node.holds);
    const refused = names.map((name) => node.refuses.get(name)).find((cause) => cause !== undefined);
    if (refused !== undefined) return failed(refused);
    const facts = { receiver: '1.0.0', boot: 'b', clock: 0, hostname: 'h', path: '/etc/hosts' };
    return { ok: true, id, changed, installed: bundle.digest, rungs: ['digest'], notes: [], facts };
  }

  private nameOf(id: NodeId): string {
    return [...this.world.nodes.keys()].find((name) => idOf(name) === id) ?? '';
  }
}

/** A world whose nodes hold the first revision, verified, before the policy counts. */
export async function worldOf(names: string, policy = oneByOne): Promise<World> {
  const world = new World(names, off);
  await world.start();
  world.policy = policy;
  return world;
}
