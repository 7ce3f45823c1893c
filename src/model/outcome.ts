import type { CauseClass } from './cause.ts';
import type { Digest } from './bundle.ts';
import type { NodeId } from './node.ts';

/** How one attempt on one node ended. `ok: true` means every rung the node has agreed with the plan. */
export type Outcome =
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
    };

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
