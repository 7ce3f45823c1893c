import type { CauseClass } from './cause.ts';
import type { Digest } from './bundle.ts';
import type { NodeId } from './node.ts';

export type NodeState = 'active' | 'pending_sync' | 'error';

/** What we know of one node. Times are ISO 8601 in UTC. */
export interface NodeStatus {
  readonly id: NodeId;
  readonly state: NodeState;
  /** Why it is not active; `undefined` when it is. */
  readonly cause: CauseClass | undefined;
  /** What was seen, at most 200 bytes, free of control characters. */
  readonly evidence: string;
  readonly since: string;
  readonly lastSync: string | undefined;
  readonly lastAttempt: string | undefined;
  readonly lastError: string | undefined;
  /** Digest last verified on the node. */
  readonly installed: Digest | undefined;
  /** Digest the newest plan wants. */
  readonly desired: Digest | undefined;
  /** Which rungs of the verification agreed: `digest parsed loaded`. */
  readonly rungs: readonly string[];
  readonly bootId: string | undefined;
  /** Failed passes in a row while the node was reachable. */
  readonly failedPasses: number;
  /** True until this process has itself verified what the registry says of the node. */
  readonly hint: boolean;
}
