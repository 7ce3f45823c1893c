import type { Dice } from './dice.ts';
import { Killed, running, type SimProcess } from './process.ts';
import { Trace } from './trace.ts';

/** Something that will happen. */
export interface Event {
  atMs: number;
  order: number;
  readonly process: SimProcess | undefined;
  /** A timer stands still while its machine sleeps; everything else arrives when it arrives. */
  readonly timer: boolean;
  readonly act: () => void;
  cancelled: boolean;
}

/** A promise broken by the product, as the checks tell it. */
export class Violation extends Error {
  readonly invariant: string;

  constructor(invariant: string, message: string) {
    super(`${invariant}: ${message}`);
    this.name = 'Violation';
    this.invariant = invariant;
  }
}

/** A run that does not come to its next second is stuck: some loop waits for nothing. */
const stepsPerMs = 4_000;

/** Virtual time and what is to happen in it. One thing happens at a time, and all code it wakes runs to its end before the next. */
export class World {
  nowMs = 0;
  readonly dice: Dice;
  readonly trace: Trace;
  steps = 0;
  /** Called after each step, when nothing is left to run at this moment. */
  onStep: () => void = () => undefined;
  private order = 0;
  private heap: Event[] = [];
  private readonly backlog = new Map<SimProcess, Event[]>();
  private broken: Error | undefined;
  private stepsNow = 0;
  private lastMs = -1;

  constructor(dice: Dice, keepTrace: boolean) {
    this.dice = dice;
    this.trace = new Trace(() => this.nowMs, keepTrace);
  }

  /** Makes something happen after `ms`, for a process or for the world itself. */
  after(ms: number, act: () => void, process?: SimProcess): Event {
    return this.put(ms, act, { process, timer: false });
  }

  /** A timer of the process that is running. */
  timer(ms: number, act: () => void): Event {
    return this.put(ms, act, { process: running(), timer: true });
  }

  /** Notes a broken promise; the run ends after the present step. */
  fail(error: Error): void {
    this.broken ??= error;
  }

  /** Stops the clock of a process: nothing reaches it until it goes on. */
  pause(process: SimProcess): void {
    if (!process.alive || process.paused) return;
    process.paused = true;
    this.backlog.set(process, []);
  }

  /** `slept` is the time that the process's own clock did not count; 0 where it was only not scheduled. */
  resume(process: SimProcess, sleptMs: number): void {
    if (!process.paused) return;
    process.paused = false;
    process.lostMs += sleptMs;
    const missed = this.backlog.get(process) ?? [];
    this.backlog.delete(process);
    if (sleptMs > 0)
      for (const event of this.heap) if (event.process === process && event.timer) event.atMs += sleptMs;
    for (const event of missed) {
      event.atMs = event.timer ? Math.max(this.nowMs, event.atMs + sleptMs) : this.nowMs;
      event.order = this.nextOrder();
      this.push(event);
    }
    if (sleptMs > 0) this.rebuild();
  }

  /** Lets time pass until `untilMs` or until `isDone`; throws the first broken promise. */
  async run(untilMs: number, isDone: () => boolean = () => false): Promise<void> {
    while (!isDone()) {
      const event = this.pop(untilMs);
      if (event === undefined) {
        this.nowMs = Math.max(this.nowMs, untilMs);
        return;
      }
      await this.step(event);
      if (this.broken !== undefined) throw this.broken;
    }
  }

  /** How many timers of a process are set. */
  timersOf(process: SimProcess): number {
    return this.heap.filter((event) => event.process === process && event.timer && !event.cancelled).length;
  }

  private async step(event: Event): Promise<void> {
    this.nowMs = Math.max(this.nowMs, event.atMs);
    const { process } = event;
    if (process?.alive === false) return;
    if (process?.paused === true) {
      this.backlog.get(process)?.push(event);
      return;
    }
    try {
      if (process === undefined) event.act();
      else process.run(event.act);
    } catch (error) {
      if (!(error instanceof Killed)) this.fail(error instanceof Error ? error : new Error(String(error)));
    }
    this.count();
    // All promises and ticks that this woke have run by the next turn of the real event loop.
    await new Promise((resolve) => setImmediate(resolve));
    if (this.broken === undefined) this.check();
  }

  private check(): void {
    try {
      this.onStep();
    } catch (error) {
      this.fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  private count(): void {
    this.steps += 1;
    this.stepsNow = this.nowMs - this.lastMs < 1 ? this.stepsNow + 1 : 0;
    if (this.stepsNow === 0) this.lastMs = this.nowMs;
    if (this.stepsNow > stepsPerMs)
      this.fail(new Violation('I11', 'time stands still: something runs in a circle'));
  }

  private put(ms: number, act: () => void, of: { process: SimProcess | undefined; timer: boolean }): Event {
    const event: Event = {
      atMs: this.nowMs + Math.max(0, ms),
      order: this.nextOrder(),
      process: of.process,
      timer: of.timer,
      act,
      cancelled: false,
    };
    this.push(event);
    return event;
  }

  private nextOrder(): number {
    this.order += 1;
    return this.order;
  }

  private pop(untilMs: number): Event | undefined {
    for (;;) {
      const first = this.heap[0];
      if (first === undefined || (first.atMs > untilMs && !first.cancelled)) return undefined;
      const last = this.heap.pop();
      if (last !== undefined && last !== first) {
        this.heap[0] = last;
        this.sink(0);
      }
      if (!first.cancelled) return first;
    }
  }

  private push(event: Event): void {
    let at = this.heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.swapIfEarlier(at, parent)) return;
      at = parent;
    }
  }

  private sink(from: number): void {
    for (let at = from; ;) {
      const left = 2 * at + 1;
      const right = left + 1;
      let least = at;
      if (isEarlier(this.heap[left], this.heap[least])) least = left;
      if (isEarlier(this.heap[right], this.heap[least])) least = right;
      if (least === at) return;
      this.swapIfEarlier(least, at);
      at = least;
    }
  }

  private swapIfEarlier(at: number, parent: number): boolean {
    const [one, other] = [this.heap[at], this.heap[parent]];
    if (one === undefined || other === undefined || !isEarlier(one, other)) return false;
    this.heap[at] = other;
    this.heap[parent] = one;
    return true;
  }

  private rebuild(): void {
    const events = this.heap.filter((event) => !event.cancelled);
    this.heap = [];
    for (const event of events) this.push(event);
  }
}

function isEarlier(a: Event | undefined, b: Event | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

let present: World | undefined;

/** Makes a world the one that the ports speak to. */
export function enter(world: World): void {
  present = world;
}

/** The world of this run. */
export function theWorld(): World {
  if (present === undefined) throw new Error('no world');
  return present;
}
