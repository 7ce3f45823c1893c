import { runTask } from '../farm.ts';
import type { Mutant } from './mutant.ts';
import { seedsAllowed } from './mutants.ts';

/** What became of a mutant. */
export interface Caught {
  /** The seed that caught it; undefined where none did. */
  readonly seed: number | undefined;
  readonly message: string;
}

/** Plays seeds against a defect until a promise breaks. Rejects where the text that it changes is not there any more. */
export async function hunt({ edits }: Mutant): Promise<Caught> {
  const task = { seeds: [1, seedsAllowed], play: 'script', defects: edits, untilBroken: true } as const;
  const last = (await runTask(task)).at(-1);
  return last?.broken === undefined
    ? { seed: undefined, message: `nothing broke in ${String(seedsAllowed)} seeds` }
    : { seed: last.seed, message: last.broken.message };
}
