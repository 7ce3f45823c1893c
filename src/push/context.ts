import type { TargetMemory } from '../model/outcome.ts';
import type { Position } from '../model/term.ts';
import type { Clock } from '../lib/clock.ts';
import type { Lane } from './exchange.ts';

/** How to treat a node that may already hold the bytes: `apply` re-asserts, `check` writes only on drift. */
export type Approach = 'apply' | 'check';

export interface PushContext {
  readonly lane: Lane;
  readonly clock: Clock;
  /** The next position of the current term; each request takes its own. */
  readonly nextPosition: () => Position;
  /** Bounded place for work that costs the node and us; waiting for a consumer is done outside it. */
  readonly slot: <T>(work: () => Promise<T>) => Promise<T>;
  readonly memory: TargetMemory | undefined;
  /** How long a consumer may take to load new bytes, in milliseconds. */
  readonly loadMs: number;
  readonly takeOver: boolean;
  /** Names a node holds and the plan does not know stay: no complete source was ever seen. */
  readonly additionsOnly: boolean;
}
