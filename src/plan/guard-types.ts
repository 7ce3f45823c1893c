import type { HeldRemoval } from '../model/plan.ts';
import type { Snapshot } from '../model/snapshot.ts';

/** A removal that must not happen by itself, and the parts of the snapshot with what it would take. */
export interface Candidate {
  readonly kind: HeldRemoval['kind'];
  /** The removal set, and nothing else: the hash is taken of it. */
  readonly names: readonly string[];
  readonly reason: string;
  readonly kept: Partial<Snapshot>;
  /** The one of several sources that it is about. */
  readonly source?: string;
}

/** Compares what was in force with what should be now; undefined where nothing needs withholding. */
export type GuardCheck = (base: Snapshot, current: Snapshot, limits: GuardLimits) => Candidate | undefined;

/** From when on a removal is massive: over `percent` of the names of a kind, and at least `minimum` of them. */
export interface GuardLimits {
  readonly percent: number;
  readonly minimum: number;
}

/** What holds unless the settings say otherwise. */
export const defaultGuardLimits: GuardLimits = { percent: 50, minimum: 5 };

/** True for a removal that one change should not make by itself. */
export function isMassive(lost: number, before: number, { percent, minimum }: GuardLimits): boolean {
  return lost >= minimum && lost * 100 > before * percent;
}

/** The sentence of a withheld removal. */
export function massReason(what: string, lost: number, before: number): string {
  return `one change would remove ${String(lost)} of ${String(before)} ${what}`;
}
