import { Dice } from '../kernel/dice.ts';

/** Settings of the controllers of one run, as far as seeds differ in them; everything else is the product's default. */
export interface Drawn {
  /** The section `rollout` of the settings; undefined: every revision goes to everybody at once. */
  readonly rollout: Rollout | undefined;
  /** Nodes take a change back by themselves unless it is confirmed; 0: they keep it. */
  readonly confirmSeconds: number;
}

interface Rollout {
  readonly batches: readonly (number | string)[];
  readonly canaries?: { readonly names: readonly string[] };
  readonly maxFailed?: number | string;
  readonly onFailure?: 'rollback' | 'hold';
  readonly soakMs: number;
}

/** No policy and no timers: what a trial runs under. */
export const plain: Drawn = { rollout: undefined, confirmSeconds: 0 };

/** Draws the settings of a seed, with dice of their own: they move nothing else. */
export function drawSettings(seed: number): Drawn {
  const dice = new Dice(`settings ${String(seed)}`);
  const rollout = {
    batches: dice.pick([[1, '100%'], [1, '50%', '100%'], ['30%'], [2], []]),
    canaries: { names: dice.chance(0.5) ? ['n0'] : [] },
    maxFailed: dice.pick([0, 0, 0, 1, '20%']),
    onFailure: dice.chance(0.7) ? 'rollback' : 'hold',
    soakMs: dice.pick([0, 0, 3_000]),
  } satisfies Rollout;
  const isGradual = rollout.batches.length + rollout.canaries.names.length > 0;
  return {
    rollout: dice.chance(0.3) && isGradual ? rollout : undefined,
    confirmSeconds: dice.chance(0.2) ? dice.pick([5, 20, 60]) : 0,
  };
}
