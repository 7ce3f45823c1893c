import type { LogFields, LogLevel } from '../../src/lib/logger.ts';
import { rowsDiffer } from './check/agreement.ts';
import { Installs } from './check/installs.ts';
import { mustBeDoubted, mustBeMeant } from './check/meaning.ts';
import { Requests } from './check/requests.ts';
import { Rollouts } from './check/rollouts.ts';
import { Statuses } from './check/statuses.ts';
import { Writes } from './check/writes.ts';
import { settingsFor } from './controller/settings.ts';
import { Unit } from './controller/unit.ts';
import { Disk } from './disk/disk.ts';
import { Dice } from './kernel/dice.ts';
import type { Machine } from './kernel/machine.ts';
import type { SimProcess } from './kernel/process.ts';
import { enter, Violation, World } from './kernel/world.ts';
import type { SimNode } from './node/node.ts';
import { settle } from './person/settle.ts';
import { Truth } from './person/truth.ts';
import { play, Scene } from './scene.ts';
import type { Script } from './script/action.ts';

export const stateDirectory = '/var/lib/sync-controller';

/** One run: the world, everything in it, and everything that watches over it. */
export class Stage {
  readonly world: World;
  readonly scene: Scene;
  readonly truth = new Truth();
  readonly nodes: readonly SimNode[];
  readonly script: Script;
  readonly dice: Dice;
  readonly main: Unit;
  readonly units: Unit[] = [];
  readonly installs: Installs;
  readonly writes: Writes;
  readonly requests: Requests;
  readonly rollouts: Rollouts;
  readonly statuses = new Statuses({
    known: (of, address) => this.scene.known.get(of)?.get(address),
    keepsMore: (of) => this.additionsOnly.has(of.name),
    now: () => this.world.nowMs,
  });
  /** Revisions whose removals a person has approved, or which no guard could know. */
  readonly allowedMass = new Set<number>();
  /** Faults that lie on the way to a revision, by slot; each ends by itself. */
  readonly faults = new Map<string, number>();
  readonly additionsOnly = new Set<string>();
  /** Machines whose controller has never seen a complete source. */
  private readonly incomplete = new Set<Machine>();
  /** Where services are served was changed by mistake: in these objects. */
  readonly rerouted = new Set<string>();
  /** The faults have ended. */
  calm = false;
  /** Rows that people took out at some time. */
  readonly rowsGone = new Set<string>();
  /** Counts what may change whether things agree. */
  stamp = 0;
  readonly times: { readonly what: string; readonly ms: number }[] = [];
  private readonly changes = new Map<SimNode, number>();
  private readonly settings: object;

  constructor(script: Script, keepTrace: boolean) {
    this.script = script;
    const dice = new Dice(`seed ${String(script.seed)}`);
    this.dice = dice.fork('stage');
    this.world = new World(dice, keepTrace);
    enter(this.world);
    this.scene = new Scene(this.world);
    play(this.scene);
    this.settings = {
      watch: { pollMs: script.pollMs },
      reconcile: { periodHours: script.periodHours },
      push: { parallel: script.parallel, confirmSeconds: script.settings.confirmSeconds },
      rollout: script.settings.rollout,
    };
    this.writes = new Writes(() => this.world.nowMs);
    this.scene.cluster.server.onWrite = (write) => {
      this.note(`${write.by} writes ${write.after?.name ?? `no ${write.before?.name ?? ''}`}`);
      if (write.by === 'person') this.statuses.news();
      this.guarded(() => this.writes.judge(write));
    };
    this.installs = new Installs(this.truth, {
      forgot: (controller) => this.machineOf(controller)?.disk.refused !== 0 || this.holdsItsOwn,
      massAllowed: ({ number }) => this.allowedMass.has(number),
      additionsOnly: (controller) => this.additionsOnly.has(controller),
      removed: () => false,
      now: () => this.world.nowMs,
      formedMs: (request) => this.requests.formedMs(request),
      goesBack: (controller) =>
        this.rollouts.goesBack(this.machineOf(controller)) ||
        (this.isShared && (this.isGradual || this.isUnreadable)),
    });
    this.requests = new Requests(() => this.world.nowMs);
    this.rollouts = new Rollouts(() => this.world.nowMs);
    this.nodes = settle(this);
    this.main = this.unit('a', { name: 'alpha', disk: new Disk(), wallOffsetMs: 0 });
    this.watchScene();
  }

  /** A unit of its own state directory on a machine. */
  unit(name: string, machine: Machine): Unit {
    const unit = new Unit({
      name,
      machine,
      world: this.world,
      settings: settingsFor(stateDirectory, this.settings),
      events: {
        onLog: (of, level, message, fields) => this.heard(of, level, message, fields),
        onExit: (of, error) => this.died(of, error),
        onStart: (of) => this.began(of),
      },
    });
    this.units.push(unit);
    return unit;
  }

  /** How long something took that a statistic over all runs is made of. */
  took(what: string, ms: number): void {
    this.times.push({ what, ms: Math.round(ms) });
  }

  /** Lets time pass until the rows tell what is known; the promise is broken where that takes longer. */
  async rowsTold(ms: number): Promise<void> {
    const untilMs = this.world.nowMs + ms;
    while (rowsDiffer(this) !== undefined && this.world.nowMs < untilMs)
      await this.world.run(this.world.nowMs + 1_000);
    const why = rowsDiffer(this);
    if (why !== undefined) throw new Violation('registry', `after ${String(ms)} ms ${why}`);
  }

  /** How often the bytes of a node changed so far. */
  installsOn(node: SimNode): number {
    return this.changes.get(node) ?? 0;
  }

  note(line: string): void {
    this.world.trace.note(line);
  }

  /** Something that people or the weather do later, unless all has become calm by then. */
  later(ms: number, act: () => void): void {
    this.world.after(ms, () => {
      if (!this.calm) act();
    });
  }

  /** Something wrong for a while; a later fault of the same slot takes its place, and only the last one ends it. */
  hold(slot: string, forMs: number, begin: () => void, end: () => void): void {
    const turn = (this.faults.get(slot) ?? 0) + 1;
    this.faults.set(slot, turn);
    begin();
    this.world.after(forMs, () => {
      if (this.faults.get(slot) !== turn) return;
      this.faults.delete(slot);
      this.note(`ends: ${slot}`);
      end();
    });
  }

  private machineOf(controller: string): Machine | undefined {
    const name = controller.slice(0, controller.indexOf('#'));
    return this.units.find((unit) => unit.name === name)?.machine;
  }

  /** A person tells the controller something; what it answers is awaited by nobody. */
  ask(
    unit: Unit,
    what: string,
    work: (controller: NonNullable<Unit['controller']>) => Promise<unknown>,
  ): void {
    const { process, controller } = unit;
    if (process?.alive !== true || process.paused || controller === undefined) return;
    this.note(`a person asks ${process.name}: ${what}`);
    this.statuses.restart();
    process.run(() => {
      work(controller).then(
        () => this.note(`${process.name} did: ${what}`),
        (error: unknown) => {
          this.note(`${process.name} refused: ${what}: ${String(error)}`);
          if (process.alive && !(error instanceof Error && error.name === 'SyncError'))
            this.world.fail(new Violation('api', `${what}: ${String(error)}`));
        },
      );
    });
  }

  /** True while a registry was emptied and nobody has brought it back. */
  get emptied(): boolean {
    return this.truth.newest?.mass === true;
  }

  /** Revisions go to some nodes before the others. */
  get isGradual(): boolean {
    return this.script.settings.rollout !== undefined;
  }

  /** How much longer a revision may take because it goes by batches: each is loaded, watched and looked at once more. */
  get batchesMs(): number {
    const { rollout } = this.script.settings;
    const rows = this.nodes.length + 1;
    return rollout === undefined ? 0 : rows * (3_000 + (rollout.soakMs === 0 ? 0 : rollout.soakMs + 3_000));
  }

  /** Another machine has had a controller too: what one calls the last good revision may be older than what the other brought. */
  get isShared(): boolean {
    return this.units.some((unit) => unit.machine !== this.main.machine);
  }

  /** The services cannot be read: what stays in force is what each controller read last, and a second one may have read more. */
  private get isUnreadable(): boolean {
    return this.faults.has('services');
  }

  /** What is withheld from an emptied registry is what each controller had in force itself; a second one may have had newer. */
  private get holdsItsOwn(): boolean {
    return this.emptied && this.isShared;
  }

  /** A controller without any memory of before obeys an emptied registry: it has nothing to hold it against. */
  meetEmptied(): void {
    const { newest } = this.truth;
    if (newest?.mass !== true) return;
    if (this.isBlind()) this.allowedMass.add(newest.number);
  }

  /** True while a controller runs that remembers nothing of before, or nothing whole. */
  isBlind(): boolean {
    return this.units.some((unit) => {
      const { disk } = unit.machine;
      const keeps = unit.engine?.parts.fleet.effective()?.additionsOnly;
      if (keeps === true) this.incomplete.add(unit.machine);
      if (keeps === false) this.incomplete.delete(unit.machine);
      const knows = disk.files.has(`${stateDirectory}/effective.json`) && !this.incomplete.has(unit.machine);
      return unit.running && !knows;
    });
  }

  private watchScene(): void {
    const { scene } = this;
    scene.onServed = (process, controller) => {
      const unit = this.units.find((each) => each.process === process);
      const twin = this.units.find((each) => each !== unit && each.machine === unit?.machine && each.running);
      if (twin?.controller !== undefined)
        throw new Violation('lock', `${process.name} serves beside ${twin.name} under one state directory`);
      unit?.serve(controller);
      this.watchStatuses(unit, process);
    };
    scene.onSent = (process, node, exchange) => {
      this.guarded(() => this.requests.sent(process, node, exchange));
    };
    scene.onAsked = (process, exchange) => {
      const unit = this.units.find((each) => each.process === process);
      if (unit?.engine?.parts.fleet.current()?.additionsOnly === true) this.additionsOnly.add(process.name);
      this.isBlind();
      if (unit !== undefined) this.guarded(() => this.rollouts.asked(unit, exchange));
      this.guarded(() => this.requests.asked(process, exchange));
    };
    scene.onDelivered = (process, truth) => this.requests.delivered(process, truth);
    for (const node of this.nodes) {
      node.onExpired = (before, after) => {
        this.note(`${node.id} takes back what nobody confirmed`);
        scene.counts.expired += 1;
        this.stamp += 1;
        this.guarded(() => this.installs.expired(node, before, after));
        this.guarded(() => mustBeDoubted(this, node));
      };
      node.onExecuted = (what) => {
        this.note(
          `${node.id} ${what.request.mode} ${String(what.request.epoch)}.${String(what.request.seq)} by ${what.by}: ${what.expected?.result ?? 'went down'}`,
        );
        if (what.expected?.result === 'FENCED' || what.expected?.result === 'RIVAL') scene.counts.fenced += 1;
        this.stamp += 1;
        if (what.fileAfter !== what.fileBefore) {
          scene.counts.installs += 1;
          this.changes.set(node, this.installsOn(node) + 1);
        }
        this.guarded(() => this.installs.judge(what));
      };
    }
  }

  private watchStatuses(unit: Unit | undefined, process: SimProcess): void {
    const { statuses } = this;
    unit?.engine?.parts.status.subscribe((change) => {
      if (!process.alive) return;
      this.stamp += 1;
      const { current } = change;
      this.note(
        `${process.name} says ${change.id} is ${current?.state ?? 'unknown'} ${current?.cause ?? ''}`,
      );
      this.guarded(() => statuses.judge(process, change));
    });
  }

  private began(unit: Unit): void {
    this.meetEmptied();
    const { process } = unit;
    if (process !== undefined) this.requests.began(process);
    this.rollouts.began(unit.machine);
  }

  private heard(unit: Unit, level: LogLevel, message: string, fields: LogFields): void {
    if (level === 'trace' || unit.process?.alive !== true) return;
    const { error, cause, reason } = fields;
    const told = [cause, reason, error instanceof Error ? error.message : error].filter(
      (part) => part !== undefined,
    );
    this.note(`${unit.process.name} ${level}: ${message} ${told.map(String).join(' ')}`);
    if (message === 'term begun')
      this.guarded(() => this.writes.begun(unit.process?.name ?? '', String(fields['writer'])));
    if (message.startsWith('a rollout could not be stored')) this.rollouts.notStored(unit.machine);
    if (fields['rollout'] !== undefined) {
      this.statuses.news();
      this.rollouts.look(unit);
    }
    if (message === 'registry changed' || message === 'removal withheld')
      this.guarded(() => mustBeMeant(this, unit));
    if (message === 'reconcile failed' || cause === 'internal')
      this.world.fail(new Violation('internal', `${message}: ${String(error ?? cause)}`));
  }

  /** A daemon may refuse to run; it never falls over. */
  private died(unit: Unit, error: unknown): void {
    if (error instanceof Error && (error.name === 'SyncError' || error.name === 'ApiFailure')) return;
    const told = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.world.fail(new Violation('crash', `${unit.name} fell over: ${told}`));
  }

  private guarded(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.world.fail(error instanceof Error ? error : new Error(String(error)));
    }
  }
}
