import type { RolloutRecord } from '../model/rollout.ts';
import type { RolloutKeeper } from './rollout-ports.ts';

const order = ['rollout', 'in force', 'approvals', 'bytes'] as const;

/** What planning would keep: a command that only reads plans as every other does, and must leave nothing behind. */
export class LaterWrites {
  private isOpen: boolean;
  private readonly waiting = new Map<(typeof order)[number], (() => Promise<void>)[]>();

  constructor(isOpen: boolean) {
    this.isOpen = isOpen;
  }

  /** Writes now, or once something is to change. Of what is `newest` only the last one counts. */
  async write(
    what: (typeof order)[number],
    work: () => Promise<void>,
    { newest }: { readonly newest: boolean } = { newest: true },
  ): Promise<void> {
    if (this.isOpen) await work();
    else this.waiting.set(what, newest ? [work] : [...(this.waiting.get(what) ?? []), work]);
  }

  /** Writes what has waited; from now on nothing waits any more. */
  async release(): Promise<void> {
    if (this.isOpen) return;
    this.isOpen = true;
    for (const what of order) for (const work of this.waiting.get(what) ?? []) await work();
    this.waiting.clear();
  }
}

/** The keeper of rollouts whose writes may wait; what waits is told as if it were kept. */
export function keepingLater(keeper: RolloutKeeper, later: LaterWrites): RolloutKeeper {
  let waiting: RolloutRecord | undefined;
  let base: { readonly revision: string; readonly body: string } | undefined;
  return {
    record: () => waiting ?? keeper.record(),
    isLost: () => waiting === undefined && keeper.isLost(),
    base: (revision) => (base?.revision === revision ? Promise.resolve(base.body) : keeper.base(revision)),
    keep: async (record, newBase) => {
      waiting = record;
      base = newBase ?? base;
      const kept = base;
      await later.write('rollout', async () => {
        await keeper.keep(record, kept);
        waiting = undefined;
        base = undefined;
      });
    },
  };
}
