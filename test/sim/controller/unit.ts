import type { Settings } from '../../../src/config/settings.ts';
import { runDaemon } from '../../../src/daemon.ts';
import { messageOf } from '../../../src/lib/errors.ts';
import { loggerOver, type LogFields, type LogLevel } from '../../../src/lib/logger.ts';
import type { Controller } from '../../../src/reconcile/controller.ts';
import type { Engine } from '../../../src/reconcile/engine.ts';
import type { Machine } from '../kernel/machine.ts';
import { SimProcess } from '../kernel/process.ts';
import type { World } from '../kernel/world.ts';

/** What the checks hear of a unit's life. */
export interface UnitEvents {
  readonly onLog: (unit: Unit, level: LogLevel, message: string, fields: LogFields) => void;
  readonly onExit: (unit: Unit, error: unknown) => void;
  readonly onStart: (unit: Unit) => void;
}

/** A daemon as a service manager runs it: started again a moment after it ended, until it is stopped. */
export class Unit {
  readonly name: string;
  readonly machine: Machine;
  process: SimProcess | undefined;
  controller: Controller | undefined;
  lives = 0;
  /** Its state directory was empty when this life began. */
  fresh = true;
  private readonly world: World;
  private readonly settings: Settings;
  private readonly events: UnitEvents;
  private wanted = false;

  constructor(parts: {
    name: string;
    machine: Machine;
    world: World;
    settings: Settings;
    events: UnitEvents;
  }) {
    this.name = parts.name;
    this.machine = parts.machine;
    this.world = parts.world;
    this.settings = parts.settings;
    this.events = parts.events;
  }

  get running(): boolean {
    return this.process?.alive === true;
  }

  /** The engine behind the controller: private to the product, and what the checks look into. */
  get engine(): Engine | undefined {
    return this.controller === undefined ? undefined : (Reflect.get(this.controller, 'engine') as Engine);
  }

  start(): void {
    this.wanted = true;
    if (!this.running) this.live();
  }

  /** kill -9, and a new life a while later unless somebody stopped the unit. */
  kill(afterMs = 1_000): void {
    this.process?.kill();
    this.ended(afterMs);
  }

  /** SIGTERM, and no new life afterwards. */
  stop(): void {
    this.wanted = false;
    const { process } = this;
    if (process?.alive !== true) return;
    process.run(() => {
      for (const act of process.signals.get('SIGTERM') ?? []) act();
    });
  }

  /** The controller of this life, once it serves. */
  serve(controller: Controller): void {
    this.controller = controller;
  }

  private live(): void {
    const { stateDirectory } = this.settings.daemon;
    this.lives += 1;
    this.fresh = !this.machine.disk.files.has(`${stateDirectory}/effective.json`);
    const name = `${this.name}#${String(this.lives)}`;
    const process = new SimProcess({
      name,
      pid: 4000 + this.lives,
      machine: this.machine,
      dice: this.world.dice.fork(name),
      nowMs: this.world.nowMs,
    });
    this.process = process;
    this.controller = undefined;
    this.world.trace.note(`${name} starts`);
    process.atEnd(() => {
      this.controller = undefined;
    });
    this.events.onStart(this);
    process.run(() => {
      const log = loggerOver((level, message, fields) => this.events.onLog(this, level, message, fields));
      const root = { logger: log, setLevel: () => undefined, end: () => Promise.resolve() };
      runDaemon(this.settings, root, { mode: 'daemon', reload: () => Promise.resolve(this.settings) }).then(
        () => this.leave(process, undefined),
        (error: unknown) => this.leave(process, error),
      );
    });
  }

  private leave(process: SimProcess, error: unknown): void {
    if (!process.alive) return;
    this.world.trace.note(`${process.name} ends${error === undefined ? '' : `: ${messageOf(error)}`}`);
    process.kill();
    if (error !== undefined) this.events.onExit(this, error);
    this.ended(5_000);
  }

  private ended(afterMs: number): void {
    this.controller = undefined;
    if (!this.wanted) return;
    this.world.after(afterMs, () => {
      if (this.wanted && !this.running) this.live();
    });
  }
}
