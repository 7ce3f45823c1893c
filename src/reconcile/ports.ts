import type { Digest, TargetKind } from '../model/bundle.ts';
import type { CauseClass } from '../model/cause.ts';
import type { Node, NodeId } from '../model/node.ts';
import type { Outcome, TargetMemory } from '../model/outcome.ts';
import type { NodeStatus } from '../model/status.ts';
import type { Endpoint } from '../transport/transport.ts';

/** Where results go. Implemented by the status folder. */
export interface StatusRecorder {
  get(id: NodeId): NodeStatus | undefined;
  /** Records one attempt; `passEnded` is true when no further attempt follows by itself within this pass. */
  record(
    outcome: Outcome,
    context: { readonly desired: Digest | undefined; readonly passEnded: boolean },
  ): NodeStatus;
  forget(id: NodeId): void;
}

/** What an admin asks of a push beside the plan itself. */
export interface Wish {
  readonly takeOver: boolean;
  /** True for a pass over the fleet: what drifted is treated as the hourly look treats it. */
  readonly look?: boolean;
  /** True for the first attempt of what a person asked for. */
  readonly insist?: boolean;
  /** The node takes the change back unless it is confirmed over a new connection within so many seconds. */
  readonly confirmSeconds?: number;
  /** Digest that the managed bytes must have, as a saved plan saw them; over others nothing is installed. */
  readonly base?: string;
}

/** What keeps a node from being written, as it stands in its status. */
export interface Held {
  readonly cause: CauseClass;
  readonly evidence: string;
}

/** What we remember of targets on nodes, across restarts. */
export interface NodeMemory {
  recall(id: NodeId, kind: TargetKind): TargetMemory | undefined;
  remember(id: NodeId, kind: TargetKind, memory: TargetMemory): void;
  /** Waits until everything remembered is stored. */
  flush(): Promise<void>;
}

/** Turns a row into the way to it. */
export type EndpointOf = (node: Node) => Promise<Endpoint>;

/** Installs or upgrades the receiver on a node; undefined when it is there now, else why not. */
export type Mend = (
  node: Node,
  endpoint: Endpoint,
  kinds: readonly TargetKind[],
  signal: AbortSignal,
) => Promise<(Outcome & { ok: false }) | undefined>;

export interface ReconcileSettings {
  readonly attempts: number;
  readonly delayMs: number;
  readonly factor: number;
  readonly parallel: number;
  readonly deadlineMs: number;
  readonly loadMs: number;
  /** As in Wish, for every push that says nothing; 0 or left out: a change stays. */
  readonly confirmSeconds?: number;
  /** Between passes of a node that fails while it is reachable: doubles from the last delay up to this. */
  readonly maxDelayMs: number;
}
