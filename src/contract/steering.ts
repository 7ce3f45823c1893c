import type { DriftMode } from '../model/rollout.ts';
import type { Actor } from './controller.ts';
import type { DriftReport, HoldReport, RolloutReport } from './rollout-report.ts';

/** What is frozen: nodes, a type, or everything. */
export interface FreezeScope {
  readonly nodes: readonly string[];
  readonly type: string | undefined;
  readonly all: boolean;
}

/** How changes reach the fleet, beside `ControllerApi`: rollouts, freezes and drift. */
export interface Steering {
  /** No further batch until `resumeRollout`; nodes that have their turn go on. */
  pauseRollout(actor: Actor): Promise<RolloutReport>;
  resumeRollout(actor: Actor): Promise<RolloutReport>;
  /** Stops it as a broken budget would; `hold` leaves the nodes that it has changed. */
  abortRollout(request: { readonly hold: boolean; readonly actor: Actor }): Promise<RolloutReport>;
  /** Lets a pinned revision be pushed again, from its first batch. */
  unpin(actor: Actor): Promise<RolloutReport>;
  /** @returns the scopes that hold from now on. */
  freeze(request: {
    readonly scope: FreezeScope;
    /** ISO time; left out, it begins now. */
    readonly from?: string;
    /** ISO time. */
    readonly until: string;
    readonly actor: Actor;
  }): Promise<{ readonly holds: readonly HoldReport[] }>;
  unfreeze(request: { readonly scope: FreezeScope; readonly actor: Actor }): Promise<{
    readonly ended: readonly string[];
  }>;
  /** How drift of a node is treated from now on. */
  drift(request: {
    readonly node: string;
    readonly mode: DriftMode;
    readonly actor: Actor;
  }): Promise<{ readonly rules: readonly DriftReport[] }>;
}

/** Where a controller offers its steering. */
export interface Steered {
  readonly steering: Steering;
}
