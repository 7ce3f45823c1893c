import type { Defect } from '../boot/hooks.ts';

/** What one process of crash points is asked to do. */
export interface CrashTask {
  /** Moments to die at, one run each; `null` is a run in which nobody dies. */
  readonly moments: readonly (string | null)[];
  readonly defects?: readonly Defect[];
  /** Plays the acts after the death, too; else the one in which it falls is the last. */
  readonly whole?: boolean;
  /** The last act that is played, also where nobody dies. */
  readonly until?: string | undefined;
  /** Ends with the first run that breaks something. */
  readonly untilBroken?: boolean;
  /** Tells everything that happened, of every run. */
  readonly keepTrace?: boolean;
}

/** How one run with one death ended. */
export interface Survived {
  readonly moment: string;
  readonly broken: { readonly invariant: string; readonly message: string } | undefined;
  /** The process that died; undefined where the moment never came. */
  readonly victim: string | undefined;
  readonly digest: string;
  readonly virtualMs: number;
  readonly counts: Readonly<Record<string, number>>;
  /** How often each side of each await was passed, in a run in which nobody dies. */
  readonly passed: readonly (readonly [string, number])[];
  /** The first pass of each side within each act, in such a run. */
  readonly firsts: readonly (readonly [act: string, side: string, pass: number])[];
  readonly lines: readonly string[];
  readonly cpuMs: number;
}
