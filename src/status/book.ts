import type { Digest } from '../model/bundle.ts';
import type { Node, NodeId } from '../model/node.ts';
import type { Outcome } from '../model/outcome.ts';
import type { NodeStatus } from '../model/status.ts';
import type { Clock } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import type { Logger } from '../lib/logger.ts';
import { Ledger, type StatusChange } from './ledger.ts';
import { StatusShards, type StatusObjects } from './shards.ts';
import { WriteBack, type RowPort } from './write-back.ts';

export interface BookParts {
  readonly clock: Clock;
  readonly log: Logger;
  /** Absent where statuses stay out of the rows. */
  readonly rows: RowPort | undefined;
  readonly objects: StatusObjects;
  readonly prefix: string;
  readonly flushMs: number;
  readonly shardNodes: number;
}

// Comparing two references: cheap enough to do every second.
const lookMs = 1_000;

/** Statuses and their two ways out: the four fields of the rows, and our own objects. */
export class Book {
  private readonly ledger: Ledger;
  private readonly shards: StatusShards;
  private readonly writeBack: WriteBack | undefined;
  private readonly clock: Clock;
  private readonly log: Logger;
  private readonly flushMs: number;
  private swept = false;

  constructor(parts: BookParts) {
    const { clock, log, rows, flushMs } = parts;
    this.clock = clock;
    this.log = log;
    this.flushMs = flushMs;
    this.ledger = new Ledger(clock);
    this.shards = new StatusShards({ ...parts, ledger: this.ledger });
    this.writeBack = rows === undefined ? undefined : new WriteBack({ ...parts, rows, ledger: this.ledger });
  }

  /** Reads back what was known before the restart. A source that is down costs the hints only. */
  async open(): Promise<void> {
    try {
      this.ledger.recall(await this.shards.load());
    } catch (error) {
      this.log.warn('earlier statuses cannot be read; every node is looked at anew', {
        error: messageOf(error),
      });
    }
  }

  /** Takes note of the rows as they were just read. Call it before the first `expect`, so that what the rows say is known. */
  observe(nodes: ReadonlyMap<NodeId, Node>): void {
    this.sweep(nodes);
    this.ledger.recallRows(nodes.values());
    this.shards.prune(nodes);
    this.writeBack?.observe(nodes);
  }

  /** Nodes that were removed while nobody looked are known from our own objects only; an unread registry names none and proves nothing. */
  private sweep(nodes: ReadonlyMap<NodeId, Node>): void {
    if (this.swept || nodes.size === 0) return;
    this.swept = true;
    for (const [id, status] of this.ledger.all()) if (status.hint && !nodes.has(id)) this.ledger.forget(id);
  }

  /**
   * Watches the rows until the signal fires, so that statuses an admin's save took back return.
   * The registry announces only what may change a plan; our four fields never do.
   */
  async follow(rows: () => ReadonlyMap<NodeId, Node> | undefined, signal: AbortSignal): Promise<void> {
    const everyMs = Math.max(1, Math.min(lookMs, this.flushMs / 10));
    let seen: ReadonlyMap<NodeId, Node> | undefined;
    while (!signal.aborted) {
      const nodes = rows();
      if (nodes !== undefined && nodes !== seen) this.observe(nodes);
      seen = nodes;
      await this.clock.sleep(everyMs, signal).catch(() => undefined);
    }
  }

  get(id: NodeId): NodeStatus | undefined {
    return this.ledger.get(id);
  }

  all(): ReadonlyMap<NodeId, NodeStatus> {
    return this.ledger.all();
  }

  record(
    outcome: Outcome,
    context: { readonly desired: Digest | undefined; readonly passEnded: boolean },
  ): NodeStatus {
    return this.ledger.record(outcome, context);
  }

  expect(id: NodeId, desired: Digest | undefined): void {
    this.ledger.expect(id, desired);
  }

  forget(id: NodeId): void {
    this.ledger.forget(id);
  }

  subscribe(listener: (change: StatusChange) => void): () => void {
    return this.ledger.subscribe(listener);
  }

  /** Writes what is unwritten, now. Both ways are tried; the first failure is told. */
  async flush(): Promise<void> {
    const results = await Promise.allSettled([this.shards.flush(), this.writeBack?.flush()]);
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  /** Ends the writing by itself; `flush` first. */
  close(): void {
    this.shards.close();
    this.writeBack?.close();
  }
}
