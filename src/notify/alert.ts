/** The body that a webhook gets, and what every other target's text is made of. All text in it is printable, one line each. */
export interface Alert {
  readonly apiVersion: 'sync-controller/v1';
  readonly kind: 'Alert';
  /** The same in the alert and its recovery; with `status` it tells a message that came twice. */
  readonly incident: string;
  readonly status: 'firing' | 'resolved' | 'test';
  /** A cause class, `offline` for all classes of absence, `flapping`, or the key of a condition of the controller. */
  readonly cause: string;
  readonly summary: string;
  /** Names of nodes, the first few; none for a condition of the controller. */
  readonly nodes: readonly string[];
  /** Nodes that fail; in a recovery the most that failed at once. */
  readonly count: number;
  /** What was seen of the first one. */
  readonly evidence: string;
  /** The command that mends it; empty in a recovery. */
  readonly remedy: string;
  /** When it began and when this was said; ISO 8601 in UTC. */
  readonly since: string;
  readonly at: string;
  readonly cluster: string;
}

/** An alert on its way to one target. */
export interface Message {
  readonly alert: Alert;
  /** Earlier messages that this target never got. */
  readonly lost: number;
}

/** Conditions of the controller itself that may be told. */
export const conditionKeys = [
  'rival',
  'source_unreadable',
  'store_unusable',
  'term_unavailable',
  'rollout_stopped',
  'rollout_rolled_back',
  'removals_held',
] as const;
export type ConditionKey = (typeof conditionKeys)[number];

/** What a condition of the controller is at this moment. */
export interface Condition {
  readonly active: boolean;
  /** What is wrong, in one sentence without its end. */
  readonly summary: string;
  readonly remedy?: string | undefined;
  /** What was seen. */
  readonly evidence?: string | undefined;
}
