import type { Defect } from './hooks.ts';

/** What one process of the simulator is asked to do. */
export interface Task {
  /** Seeds from the first to the last of these, both included. */
  readonly seeds: readonly [number, number];
  /** What a seed is the seed of: a whole script, a trial with two masters, or one of sick nodes beside healthy ones. */
  readonly play: 'script' | 'dual-masters' | 'isolation';
  /** Deliberate defects in what is simulated. */
  readonly defects?: readonly Defect[];
  /** Ends with the first seed that breaks something. */
  readonly untilBroken?: boolean;
  /** Tells everything that happened, of every seed. */
  readonly keepTrace?: boolean;
  /** Cuts a script that breaks something down to what it takes. */
  readonly shrink?: boolean;
}
