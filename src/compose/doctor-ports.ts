import type { Surveyed } from '../enrol/takeover/survey.ts';
import type { CauseClass } from '../model/cause.ts';
import type { Node } from '../model/node.ts';

/** What a node answered to a look that writes nothing. */
export type NodeLook =
  | {
      readonly ok: true;
      readonly facts: LookFacts;
      /** The cluster to which the target belongs, where that is not ours. */
      readonly owner: string | undefined;
      readonly rungs: Readonly<Record<string, string>>;
      readonly result: string;
      readonly text: string;
    }
  | {
      readonly ok: false;
      readonly cause: CauseClass;
      readonly evidence: string;
      readonly reachable: boolean;
      /** The host key that was shown and refused, where that was the failure. */
      readonly shownKey?: string;
    };

export interface LookFacts {
  readonly receiver: string;
  readonly hostname: string;
  /** Seconds since 1970 on the node. */
  readonly clock: number;
  /** Blocks of the predecessor's tools found in the target. */
  readonly legacy: number;
}

/** One right that the controller needs on Kubernetes, and whether it has it. */
export interface Right {
  readonly verb: string;
  readonly resource: string;
  readonly name: string | undefined;
  readonly allowed: boolean;
}

/** What `doctor` cannot see by itself: nodes in their own way, and the API server. */
export interface DoctorPorts {
  /** Looks at a node in its own way, as a push would reach it. */
  look(node: Node, signal: AbortSignal): Promise<NodeLook>;
  /** Looks for other writers on a node, by a script that writes nothing. */
  survey(node: Node, signal: AbortSignal): Promise<Surveyed>;
  /** Undefined on a directory source. */
  readonly kubernetes: KubernetesPort | undefined;
  /** Private keys that a push would use, in their order, whether they exist or not. */
  readonly identities: readonly string[];
  /** The newest key of our own making, for restricted nodes; none where there are none. */
  readonly dedicated: () => Promise<readonly string[]>;
  /** Whether the key that a push uses runs the receiver and nothing else; undefined where the node does not tell. */
  held(node: Node, signal: AbortSignal): Promise<boolean | undefined>;
  /** Version of the receiver that this release brings. */
  receiverVersion(): Promise<string>;
  readonly agentSocket: string | undefined;
  readonly defaultPort: number;
  close(): Promise<void>;
}

export interface KubernetesPort {
  /** The server's version; rejects where it does not answer. */
  version(signal: AbortSignal): Promise<string>;
  /** Every right that a controller of so many nodes uses. */
  rights(nodes: number, signal: AbortSignal): Promise<readonly Right[]>;
}
