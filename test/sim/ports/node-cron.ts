// node-cron on virtual time, for the lines that periods become: `0 * * * *` and `0 */N * * *`, in UTC.
import { mustRun } from '../kernel/process.ts';
import { epochMs } from '../kernel/globals.ts';
import { theWorld, type Event } from '../kernel/world.ts';

const hourMs = 3_600_000;

function hoursOf(line: string): number {
  if (line === '0 * * * *') return 1;
  const every = /^0 \*\/(\d+) \* \* \*$/u.exec(line)?.[1];
  if (every !== undefined) return Number(every);
  if (line === '0 0 * * *') return 24;
  throw new Error(`sim: the cron line ${line} is not modelled`);
}

class Task {
  private next: Event | undefined;
  private readonly periodMs: number;
  private readonly act: () => void;

  constructor(line: string, act: () => void) {
    this.periodMs = hoursOf(line) * hourMs;
    this.act = act;
    this.arm();
  }

  destroy(): Promise<void> {
    if (this.next !== undefined) this.next.cancelled = true;
    return Promise.resolve();
  }

  /** As the real one: looks at the wall clock each time anew, so that a changed clock moves the next moment. */
  private arm(): void {
    const wallMs = epochMs + theWorld().nowMs + mustRun().machine.wallOffsetMs;
    const waitMs = this.periodMs - (((wallMs % this.periodMs) + this.periodMs) % this.periodMs);
    this.next = theWorld().timer(waitMs, () => {
      this.arm();
      this.act();
    });
  }
}

const cron = {
  schedule: (line: string, act: () => void): Task => new Task(line, act),
  validate: (): boolean => true,
};

// eslint-disable-next-line no-restricted-exports -- the module that this one stands for has only this export
export { cron as default };
