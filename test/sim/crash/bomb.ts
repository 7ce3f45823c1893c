import { Killed, running, type SimProcess } from '../kernel/process.ts';

/** Where a process can die at an await: before it asks, once it has asked, or when the answer has come and before it is used. */
export const sides = ['before', 'asked', 'after'] as const;
export type Side = (typeof sides)[number];

/** One moment of a run: the k-th time that a process comes to this side of this await. */
export interface Moment {
  /** `file:line:column`. */
  readonly point: string;
  readonly pass: number;
  readonly side: Side;
}

export function nameOf({ point, pass, side }: Moment): string {
  return `${point}#${String(pass)}/${side}`;
}

/** @throws Error where the text names no moment. */
export function momentOf(text: string): Moment {
  const [, point, pass, side] = /^(.+:\d+:\d+)#(\d+)\/(before|asked|after)$/u.exec(text) ?? [];
  const known = sides.find((each) => each === side);
  if (point === undefined || known === undefined)
    throw new Error(`POINT: expected file:line:column#pass/(before|asked|after), got ${text}`);
  return { point, pass: Number(pass), side: known };
}

/** Counts what a run passes, and lets a process die at one moment of it. */
export class Bomb {
  /** How often each side of each await was passed. */
  readonly passed = new Map<string, number>();
  /** The first pass of each side of each await within each act: act, side of await, pass. */
  readonly firsts: (readonly [string, string, number])[] = [];
  /** The process that died of it. */
  victim: string | undefined;
  isWatched: (process: SimProcess) => boolean = () => false;
  onDeath: (process: SimProcess) => void = () => undefined;
  private readonly moment: string | undefined;
  private act = '';
  private readonly inAct = new Set<string>();

  constructor(moment: Moment | undefined) {
    this.moment = moment === undefined ? undefined : nameOf(moment);
  }

  /** Another act begins. */
  enter(act: string): void {
    this.act = act;
    this.inAct.clear();
  }

  /** Notes that the running process is here. @returns true where it is dead from here on. */
  pass(point: string, side: Side): boolean {
    const process = running();
    if (process === undefined) return false;
    if (!process.alive) return true;
    if (!this.isWatched(process)) return false;
    const key = `${point}/${side}`;
    const pass = (this.passed.get(key) ?? 0) + 1;
    this.passed.set(key, pass);
    if (!this.inAct.has(key)) this.firsts.push([this.act, key, pass]);
    this.inAct.add(key);
    if (this.victim !== undefined || nameOf({ point, pass, side }) !== this.moment) return false;
    this.victim = process.name;
    this.onDeath(process);
    process.kill();
    return true;
  }
}

let present = new Bomb(undefined);

/** Makes a bomb the one that the instrumented text speaks to. */
export function plant(bomb: Bomb): void {
  present = bomb;
}

const never = new Promise<never>(() => undefined);

/** What instrumented text calls. Nothing of a dead process runs on: where it waits it waits forever. */
export const words = {
  ask: (point: string): void => {
    if (present.pass(point, 'before')) throw new Killed();
  },
  asked: (point: string, awaited: unknown): unknown => {
    if (present.pass(point, 'asked')) {
      // Nobody is left to hear what becomes of it.
      if (awaited instanceof Promise) awaited.catch(() => undefined);
      return never;
    }
    // What is rejected comes, too, and this hears of it before the code that waits.
    if (awaited instanceof Promise)
      void awaited.then(undefined, () => {
        present.pass(point, 'after');
      });
    return awaited;
  },
  came: <T>(point: string, value: T): T => {
    if (present.pass(point, 'after')) throw new Killed();
    return value;
  },
  each: <T>(point: string, source: AsyncIterable<T> | Iterable<T>): AsyncIterable<T> => ({
    [Symbol.asyncIterator]: () => stepwise(point, source),
  }),
};

async function* stepwise<T>(point: string, source: AsyncIterable<T> | Iterable<T>): AsyncGenerator<T> {
  words.ask(point);
  for await (const item of source) {
    yield words.came(point, item);
    words.ask(point);
  }
  words.came(point, undefined);
}
