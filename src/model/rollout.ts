import type { NodeId, NodeType } from './node.ts';

/** A part of the nodes: so many of them, or so many of a hundred. */
export type Share = { readonly count: number } | { readonly percent: number };

/** What a rollout that broke its budget does with the nodes it has already changed. */
export type OnFailure = 'rollback' | 'hold';

/** How a new revision reaches the fleet. No batch and no canary is no policy: everything at once. */
export interface RolloutPolicy {
  /** The last one repeats until every node has its turn. */
  readonly batches: readonly Share[];
  readonly canaries: {
    /** Names, addresses or ids of nodes. */
    readonly names: readonly string[];
    /** `key=value`; one that agrees is enough. */
    readonly labels: readonly string[];
  };
  /** A count is of the whole rollout, a percentage of each batch. A canary that fails stops it always. */
  readonly maxFailed: Share;
  /** The same for nodes that cannot be reached: over it the rollout waits, it never fails. */
  readonly maxUnreachable: Share;
  readonly onFailure: OnFailure;
  /** How long a batch that is verified is watched before the next one. */
  readonly soakMs: number;
  /** Node types that go by batches and budgets of their own, beside all the others. */
  readonly types?: Readonly<Partial<Record<NodeType, LanePolicy>>>;
}

/** What nodes that are counted together go by. What a stopped rollout does is one for all: two revisions are never mixed. */
export type LanePolicy = Pick<
  RolloutPolicy,
  'batches' | 'canaries' | 'maxFailed' | 'maxUnreachable' | 'soakMs'
>;

/**
 * `running` and `paused` go on; `held`: stopped, changed nodes keep it; `rolling-back` ends as `rolled-back` or `rollback-failed`;
 * `done`, `overridden` (a person pushed it to all at once) and `superseded` (the registry moved on) are over.
 */
export const rolloutPhases = [
  'running',
  'paused',
  'held',
  'rolling-back',
  'rolled-back',
  'rollback-failed',
  'done',
  'overridden',
  'superseded',
] as const;
export type RolloutPhase = (typeof rolloutPhases)[number];

/** One rollout as it is kept over restarts. What nodes answered is not in it: after a restart they are asked again. */
export interface RolloutRecord {
  readonly number: number;
  /** Digest of the snapshot that is rolled out. */
  readonly revision: string;
  /** Digest of the bytes that it gives to the nodes: equal content is the same rollout, whatever else was edited. */
  readonly content: string;
  /** Digest of the last good snapshot; undefined where there was none. */
  readonly base: string | undefined;
  readonly policy: RolloutPolicy;
  readonly batches: readonly (readonly NodeId[])[];
  /** How many batches may have the new plan. */
  readonly released: number;
  /** Nodes that may hold bytes of an earlier rollout that did not end well. */
  readonly touched: readonly NodeId[];
  /** Nodes that failed with the last good revision already, and how: the same failure says nothing of this one. */
  readonly ailing?: Readonly<Record<string, string>>;
  readonly phase: RolloutPhase;
  readonly began: string;
  /** Since when it is in this phase, by whom and why. */
  readonly since: string;
  readonly who: string;
  readonly note: string;
  /** Nodes from which it could not be taken back, and how, in words: whoever reads the record later has not heard them. */
  readonly notTakenBack?: string;
}

/** Phases in which the revision is pinned: not pushed again until the registry moves on or a person unpins it. */
export const pinnedPhases: ReadonlySet<RolloutPhase> = new Set([
  'held',
  'rolling-back',
  'rolled-back',
  'rollback-failed',
]);

/** Phases in which a rollout decides nothing any more. */
export const endedPhases: ReadonlySet<RolloutPhase> = new Set(['done', 'overridden', 'superseded']);

/** What an hourly look does with bytes that somebody else changed: repairs them, reports them, or does not look at all. */
export const driftModes = ['correct', 'observe', 'freeze'] as const;
export type DriftMode = (typeof driftModes)[number];

/** A node whose drift is treated in another way than the settings say. */
export interface DriftRule {
  readonly node: NodeId;
  readonly mode: DriftMode;
  readonly who: string;
  readonly why: string | undefined;
  readonly since: string;
}
