import { AsyncLocalStorage } from 'node:async_hooks';
import type { Dice } from './dice.ts';
import type { Machine } from './machine.ts';

/** What a port throws once its process has been killed: nobody is left to read it. */
export class Killed extends Error {
  constructor() {
    super('the process was killed');
    this.name = 'Killed';
  }
}

const current = new AsyncLocalStorage<SimProcess>();

/** One life of one controller: between its start and its end everything it does runs under this value. */
export class SimProcess {
  readonly name: string;
  readonly pid: number;
  readonly machine: Machine;
  readonly dice: Dice;
  readonly startedMs: number;
  /** Virtual time that passed while the machine slept: its monotonic clock did not count it. */
  lostMs = 0;
  paused = false;
  alive = true;
  /** Port calls until the process is killed in the middle of its work; undefined is never. */
  fuse: number | undefined;
  timers = 0;
  readonly signals = new Map<string, (() => void)[]>();
  private readonly onDeath: (() => void)[] = [];

  constructor(parts: { name: string; pid: number; machine: Machine; dice: Dice; nowMs: number }) {
    this.name = parts.name;
    this.pid = parts.pid;
    this.machine = parts.machine;
    this.dice = parts.dice;
    this.startedMs = parts.nowMs;
  }

  /** Runs code as this process. */
  run<T>(work: () => T): T {
    return current.run(this, work);
  }

  /** Calls back when the process ends, however it ends. */
  atEnd(act: () => void): void {
    if (this.alive) this.onDeath.push(act);
    else act();
  }

  /** Ends it between two instructions; what it asked of the world goes on without it. */
  kill(): void {
    if (!this.alive) return;
    this.alive = false;
    for (const act of this.onDeath.splice(0)) act();
  }

  /** One step through a port: a lit fuse burns down here. */
  touch(): void {
    if (this.alive && this.fuse !== undefined) {
      this.fuse -= 1;
      if (this.fuse <= 0) this.kill();
    }
    if (!this.alive) throw new Killed();
  }
}

/** The process that is running; undefined outside of any. */
export function running(): SimProcess | undefined {
  return current.getStore();
}

/** The process that is running. */
export function mustRun(): SimProcess {
  const process = running();
  if (process === undefined) throw new Error('a port was used outside of any process');
  return process;
}
