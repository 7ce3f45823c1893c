import type { CauseClass } from '../model/cause.ts';

/** What a refusal by a node's fence means for the whole controller. */
export type FenceVerdict =
  /** Somebody else writes now: stop pushing everywhere until a person takes the term. */
  | 'rival'
  /** An old record of ours or of a predecessor: begin a term above it. */
  | 'new-term'
  /** The same, but the last new term is too fresh: wait. */
  | 'wait'
  | 'none';

// A term costs a write and a round through the fleet; a node with a runaway record must not make us loop.
const newTermEveryMs = 60_000;

/**
 * Judges a refusal. FENCED by a node that had accepted this very term, or RIVAL, proves a living rival;
 * FENCED by any other is an old record (it was offline, or our state was lost).
 */
export function judgeFence(input: {
  readonly cause: CauseClass;
  readonly acceptedThisTerm: boolean;
  readonly nowMs: number;
  readonly lastTermMs: number;
  readonly retermed: boolean;
}): FenceVerdict {
  if (input.cause === 'rival') return 'rival';
  if (input.cause !== 'fenced') return 'none';
  if (input.acceptedThisTerm) return 'rival';
  return input.retermed && input.nowMs - input.lastTermMs < newTermEveryMs ? 'wait' : 'new-term';
}
