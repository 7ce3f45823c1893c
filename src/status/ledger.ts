import type { Digest } from '../model/bundle.ts';
import type { Node, NodeId } from '../model/node.ts';
import type { Outcome } from '../model/outcome.ts';
import type { NodeStatus } from '../model/status.ts';
import { isoSeconds, type Clock } from '../lib/clock.ts';
import { advance, expecting, unknownStatus } from './machine.ts';
import { hintFromRow } from './hint.ts';

/** One change of what we know of a node; `current` is undefined where the node was forgotten. */
export interface StatusChange {
  readonly id: NodeId;
  readonly previous: NodeStatus | undefined;
  readonly current: NodeStatus | undefined;
}

/** True where a person would call it news: another state or another cause. */
export function isTransition(change: StatusChange): boolean {
  return change.previous?.state !== change.current?.state || change.previous?.cause !== change.current?.cause;
}

/** What we know of every node, in memory. It never pushes: it tells its subscribers. */
export class Ledger {
  private readonly clock: Clock;
  private readonly statuses = new Map<NodeId, NodeStatus>();
  private readonly listeners = new Set<(change: StatusChange) => void>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  get(id: NodeId): NodeStatus | undefined {
    return this.statuses.get(id);
  }

  all(): ReadonlyMap<NodeId, NodeStatus> {
    return this.statuses;
  }

  /** Takes one outcome through the state machine. */
  record(
    outcome: Outcome,
    context: { readonly desired: Digest | undefined; readonly passEnded: boolean },
  ): NodeStatus {
    return this.put(
      outcome.id,
      advance(this.statuses.get(outcome.id), outcome, { ...context, now: this.now() }),
    );
  }

  /** Tells what the newest plan wants of a node. */
  expect(id: NodeId, desired: Digest | undefined): void {
    const before = this.statuses.get(id) ?? unknownStatus(id, this.now());
    this.put(id, expecting(before, desired, this.now()));
  }

  /** Forgets a node that is no longer registered. */
  forget(id: NodeId): void {
    const previous = this.statuses.get(id);
    if (previous === undefined) return;
    this.statuses.delete(id);
    this.tell({ id, previous, current: undefined });
  }

  /** Puts what was known before this process started; only where nothing newer is known. Hints, until verified. */
  recall(statuses: Iterable<NodeStatus>): void {
    for (const status of statuses) {
      const known = this.statuses.get(status.id);
      if (known !== undefined && !isBlank(known)) continue;
      const hint = { ...status, hint: true };
      this.statuses.set(
        status.id,
        known?.desired === undefined ? hint : expecting(hint, known.desired, this.now()),
      );
    }
  }

  /** The same from the rows of the registry, for nodes of which nothing else is remembered. */
  recallRows(nodes: Iterable<Node>): void {
    const now = this.now();
    const unknown = [...nodes].filter((node) => {
      const known = this.statuses.get(node.id);
      return known === undefined || isBlank(known);
    });
    this.recall(unknown.map((node) => hintFromRow(node, now)));
  }

  /** Calls back after every change; returns the way to leave. */
  subscribe(listener: (change: StatusChange) => void): () => void {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  }

  private put(id: NodeId, current: NodeStatus): NodeStatus {
    const previous = this.statuses.get(id);
    if (previous !== current) {
      this.statuses.set(id, current);
      this.tell({ id, previous, current });
    }
    return current;
  }

  private tell(change: StatusChange): void {
    for (const listener of this.listeners) listener(change);
  }

  private now(): string {
    return isoSeconds(this.clock.now());
  }
}

/** True for a node of which only the plan is known. */
function isBlank(status: NodeStatus): boolean {
  return status.hint && status.lastSync === undefined && status.lastAttempt === undefined;
}
