import { running, type SimProcess } from './process.ts';
import { theWorld, type Event } from './world.ts';

/** Virtual time 0 as a date. */
export const epochMs = Date.UTC(2026, 0, 5, 8, 17);

/** A timer as `setTimeout` hands it out. */
class Handle {
  private event: Event | undefined;
  private readonly act: () => void;
  private readonly ms: number;
  private readonly again: boolean;

  constructor(act: () => void, ms: number, again: boolean) {
    this.act = act;
    this.ms = ms;
    this.again = again;
    this.start();
  }

  stop(): void {
    if (this.event !== undefined) this.event.cancelled = true;
    this.event = undefined;
  }

  refresh(): this {
    this.stop();
    this.start();
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return true;
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  private start(): void {
    this.event = theWorld().timer(Math.max(1, Number.isFinite(this.ms) ? this.ms : 1), () => {
      this.event = undefined;
      if (this.again) this.start();
      this.act();
    });
  }
}

const start = (act: (...given: unknown[]) => void, ms = 1, ...given: unknown[]): Handle =>
  new Handle(() => act(...given), ms, false);
const repeat = (act: (...given: unknown[]) => void, ms = 1, ...given: unknown[]): Handle =>
  new Handle(() => act(...given), ms, true);
const stop = (handle: Handle | undefined): void => handle?.stop();

function wallMs(): number {
  return Math.floor(epochMs + theWorld().nowMs + (running()?.machine.wallOffsetMs ?? 0));
}

/** Milliseconds since the running process began, without what its machine slept through. */
export function monotonicMs(of: SimProcess | undefined = running()): number {
  return theWorld().nowMs - (of === undefined ? 0 : of.startedMs + of.lostMs);
}

class SimDate extends Date {
  constructor(...given: unknown[]) {
    if (given.length === 0) super(wallMs());
    else super(...(given as [number]));
  }

  static override now(): number {
    return wallMs();
  }
}

const simMath: unknown = Object.create(Math, { random: { value: () => mustDice().unit() } });
const mustDice = () => running()?.dice ?? theWorld().dice;

/** The part of `process` that the product uses. */
const simProcess = {
  get env() {
    return { HOME: '/root', USER: 'root', LANG: 'C.UTF-8' };
  },
  get pid() {
    return running()?.pid ?? 1;
  },
  platform: 'linux',
  getuid: () => 0,
  geteuid: () => 0,
  umask: () => 0o022,
  hrtime: { bigint: () => BigInt(Math.round(monotonicMs() * 1e6)) },
  memoryUsage: () => ({ rss: 0, heapUsed: 0, heapTotal: 0, external: 0, arrayBuffers: 0 }),
  getBuiltinModule: (name: string) => process.getBuiltinModule(name),
  on: (signal: string, act: () => void) => {
    const { signals } = mustProcess();
    signals.set(signal, [...(signals.get(signal) ?? []), act]);
    return simProcess;
  },
  off: (signal: string, act: () => void) => {
    const { signals } = mustProcess();
    signals.set(
      signal,
      (signals.get(signal) ?? []).filter((known) => known !== act),
    );
    return simProcess;
  },
};
const mustProcess = (): SimProcess => {
  const process = running();
  if (process === undefined) throw new Error('no process is running');
  return process;
};

/** What modules of the product see instead of the globals of the real machine, by name. */
export const globals: Readonly<Record<string, unknown>> = {
  setTimeout: start,
  clearTimeout: stop,
  setInterval: repeat,
  clearInterval: stop,
  Date: SimDate,
  performance: { now: () => monotonicMs() },
  Math: simMath,
  process: simProcess,
};
