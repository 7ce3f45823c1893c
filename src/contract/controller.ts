import type { ExpectedPlan } from './saved-plan.ts';
import type { ControllerStatus, NodeReport, PlanReport, PushReport } from './report.ts';

/** Who asks for a change, and why: for the audit. */
export interface Actor {
  readonly who: string;
  readonly reason: string | undefined;
}

export interface PushRequest {
  /** Node names, addresses or ids; all nodes when absent. */
  readonly nodes: readonly string[] | undefined;
  readonly takeOver: boolean;
  readonly actor: Actor;
  /** Past the rollout policy, and past a pin: the selected nodes now. */
  readonly allAtOnce?: boolean | undefined;
  /** The nodes take the change back by themselves unless it is confirmed over a new connection within so many seconds. */
  readonly confirmSeconds?: number | undefined;
  /** What a saved plan has seen: anything else refuses the push. */
  readonly expected?: ExpectedPlan | undefined;
}

export interface PlanRequest {
  readonly nodes: readonly string[] | undefined;
  /** Compare with the last receipt instead of asking the nodes. */
  readonly offline: boolean;
  /** Hashes of withheld removals that are planned as though they were approved. */
  readonly approve?: readonly string[] | undefined;
}

/**
 * What an admin can ask of a controller. Two implementations: the controller itself, and a client of the daemon's socket;
 * so every command does the same with and without a daemon.
 */
export interface ControllerApi {
  /** Pushes and waits until every selected node is verified or its pass has ended. Progress is told per node as it settles. */
  push(request: PushRequest, onNode?: (report: NodeReport) => void): Promise<PushReport>;
  /** Checks every node, repairs drift, retries pending ones: the hourly pass, now. */
  reconcile(actor: Actor, onNode?: (report: NodeReport) => void): Promise<PushReport>;
  /** What a push would change; nothing is written anywhere. */
  plan(request: PlanRequest): Promise<PlanReport>;
  status(): Promise<ControllerStatus>;
  /** Lets a withheld removal go; the hash covers only the removal set. */
  approve(hash: string, actor: Actor): Promise<{ readonly applied: boolean }>;
  /** `node` undefined pauses everything. */
  pause(node: string | undefined, actor: Actor): Promise<void>;
  resume(node: string | undefined, actor: Actor): Promise<void>;
  /** Begins a new term over a living rival. The one way to go on after `rival`. */
  takeTerm(actor: Actor): Promise<{ readonly epoch: number; readonly writer: string }>;
  close(): Promise<void>;
}
