import type { TargetMemory } from '../model/outcome.ts';
import type { Position } from '../model/term.ts';
import type { Clock } from '../lib/clock.ts';
import type { Lane } from './exchange.ts';
import type { Unconfirmed } from './unconfirmed.ts';

/** How to treat a node that may already hold the bytes: `apply` re-asserts, `check` writes only on drift, `observe` reports drift. */
export type Approach = 'apply' | 'check' | 'observe';

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
  /** The node takes the change back by itself unless it is confirmed over a new connection within so many seconds; 0: it stays. */
  readonly confirmSeconds?: number;
  /** Changes of earlier attempts that the node may still take back. */
  readonly unconfirmed: Unconfirmed;
  /** Digest of the managed bytes over which alone the first bundle may be installed. */
  readonly base?: string;
  /** Names a node holds and the plan does not know stay: no complete source was ever seen. */
  readonly additionsOnly: boolean;
}
