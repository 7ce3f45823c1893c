import type { CauseClass } from '../model/cause.ts';
import type { NodeId } from '../model/node.ts';
import type { FleetPlan } from '../model/plan.ts';
import type { RolloutPolicy, RolloutRecord } from '../model/rollout.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { BytesKeeper } from './rendered-file.ts';

/** What must survive a restart. */
export interface RolloutKeeper {
  record(): RolloutRecord | undefined;
  /** True where there was a record and nothing of it can be read. */
  isLost(): boolean;
  /** The text of a snapshot that was kept with a record. */
  base(revision: string): Promise<string | undefined>;
  keep(record: RolloutRecord, base?: { readonly revision: string; readonly body: string }): Promise<void>;
}

export interface RolloutParts {
  readonly memory: RolloutKeeper;
  /** The policy of the next rollout; a running one keeps the one it began with. */
  readonly policy: () => RolloutPolicy;
  /** The bytes of the last good revision as they were made then; without it another release goes to everybody at once. */
  readonly bytes?: BytesKeeper;
  readonly clock: Clock;
  readonly log: Logger;
}

/** How a rollout reaches the loop. */
export interface RolloutHands {
  /** Nodes whose plan has changed by the rollout: they are queued, and their status expects it. */
  readonly moved: (ids: readonly NodeId[]) => void;
  readonly look: (ids: readonly NodeId[]) => void;
  /** True for a node that is known to be offline. */
  readonly isAway: (id: NodeId) => boolean;
  /** How a node fails with what it has now; undefined where it does not. */
  readonly failing?: (id: NodeId) => CauseClass | undefined;
  /** False while nothing is written at all (paused, a rival, no term): what is told then says nothing of a revision. */
  readonly isWriting: () => boolean;
  readonly signal: AbortSignal;
}

/** A new plan on its way into force. */
export interface NewPlan {
  readonly plan: FleetPlan;
  /** What was in force before. */
  readonly base: Snapshot | undefined;
  readonly clusterId: string;
}

/** What a rollout has made of a new plan; one of the two is called, once. */
export interface Taken {
  /** In one turn of the event loop with the plan itself. */
  readonly putInForce: () => void;
  /** The plan did not come into force after all. */
  readonly abandon: () => void;
}
