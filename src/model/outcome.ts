import type { CauseClass } from './cause.ts';
import type { Digest } from './bundle.ts';
import type { NodeId } from './node.ts';

/** Where the time of one attempt went, in milliseconds; what overlaps is counted once. */
export interface Timings {
  /** For another flight to the same host, and for a place to work in. */
  readonly waitMs: number;
  /** From connect to a finished login; 0 on a warm session. */
  readonly dialMs: number;
  /** From asking for a channel to the receipt, over all exchanges before the proof. */
  readonly exchangeMs: number;
  /** From the receipt to the verdict. */
  readonly verifyMs: number;
}

/** The receipt of an attempt in short: of the last request that asked the node to write, else of the last look. */
export interface ReceiptSummary {
  readonly mode: string;
  readonly result: string;
  readonly epoch: number;
  readonly seq: number;
  /** Digests of the managed bytes before and after. */
  readonly before: string | undefined;
  readonly after: string | undefined;
  /** What the receiver itself took, in milliseconds. */
  readonly receiverMs: number;
}

/** What is told of an attempt beside how it ended. */
interface Course {
  readonly timings?: Timings;
  readonly receipt?: ReceiptSummary;
}

/** How one attempt on one node ended. `ok: true` means every rung the node has agreed with the plan. */
export type Outcome = Course &
  (
    | {
        readonly ok: true;
        readonly id: NodeId;
        readonly changed: boolean;
        readonly installed: Digest;
        readonly rungs: readonly string[];
        readonly facts: NodeFacts;
        readonly notes: readonly string[];
      }
    | {
        readonly ok: false;
        readonly id: NodeId;
        readonly cause: CauseClass;
        readonly evidence: string;
        /** True when the node answered at all, so that repeated failures count. */
        readonly reachable: boolean;
        readonly facts: NodeFacts | undefined;
        /** The node's fence, where it refused us by it. */
        readonly fence?: { readonly epoch: number; readonly writer: string };
        /** The host key that was shown and refused, where that was the failure. */
        readonly shownKey?: string;
      }
  );

/** What we remember of one target on one node between pushes and restarts. */
export interface TargetMemory {
  /** The term under which the node last accepted a push of ours. */
  readonly accepted: { readonly epoch: number; readonly writer: string } | undefined;
  readonly installed: Digest | undefined;
  /** Rungs this target has shown before: one that vanishes is noticed. */
  readonly rungs: readonly string[];
}

/** What a receipt tells of the machine itself. */
export interface NodeFacts {
  readonly receiver: string;
  readonly boot: string;
  readonly clock: number;
  readonly hostname: string;
  readonly path: string;
}
