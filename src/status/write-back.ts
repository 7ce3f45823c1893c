import type { Node, NodeId, NodeType } from '../model/node.ts';
import { splitNodeId } from '../model/node.ts';
import type { NodeStatus } from '../model/status.ts';
import type { Clock } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import type { Logger } from '../lib/logger.ts';
import { Batch } from './batch.ts';
import type { Ledger } from './ledger.ts';

/** The fields of a row that belong to us; every other byte of the registry is somebody else's. */
export const statusFields = ['status', 'last_sync', 'last_attempt', 'last_error'] as const;
export type StatusField = (typeof statusFields)[number];

/** What to put into one row. A field that is absent stays as it is; `null` clears a field that is there and adds none. */
export interface RowPatch {
  readonly type: NodeType;
  readonly address: string;
  readonly fields: Readonly<Partial<Record<StatusField, string | null>>>;
}

/** The way to the rows, given by compose from the registry folder. */
export interface RowPort {
  /** Read-modify-write of `registry.json` under optimistic concurrency; `edit` may be called again with fresh text. */
  edit(edit: (text: string | undefined) => string | undefined): Promise<unknown>;
  /** The text with the patches made as text edits; rows that are not there are passed over. Returns the same text where nothing changes. */
  patch(text: string, patches: readonly RowPatch[]): string;
}

export interface WriteBackParts {
  readonly ledger: Ledger;
  readonly rows: RowPort;
  readonly clock: Clock;
  readonly log: Logger;
  readonly flushMs: number;
}

/**
 * Writes earned statuses into the rows of the registry. It always edits the text as it is at that moment, so that a node
 * registered meanwhile and an admin's edit stay; what an admin's save took back returns with the next write.
 */
export class WriteBack {
  private readonly parts: WriteBackParts;
  private readonly batch: Batch;
  private readonly dirty = new Set<NodeId>();
  /** What the rows hold as far as we know, to tell "not yet written" from "taken back". */
  private readonly written = new Map<NodeId, string>();
  private readonly leave: () => void;

  constructor(parts: WriteBackParts) {
    this.parts = parts;
    const { clock, log, flushMs } = parts;
    this.batch = new Batch({
      clock,
      everyMs: flushMs,
      write: () => this.write(),
      onFailure: (error) => {
        log.warn('statuses could not be written into the registry; they will be', {
          error: messageOf(error),
        });
      },
    });
    this.leave = parts.ledger.subscribe(({ id, previous, current }) => {
      if (current === undefined) this.drop(id);
      else if (!current.hint && !sameFields(previous, current)) this.mark(id);
    });
  }

  /** Compares the rows as they were just read with what we know; what differs is written again. */
  observe(nodes: ReadonlyMap<NodeId, Node>): void {
    let takenBack = 0;
    for (const [id, status] of this.parts.ledger.all()) {
      const node = nodes.get(id);
      if (node === undefined || status.hint || agrees(node, status)) continue;
      if (this.written.get(id) === wordsOf(status)) takenBack += 1;
      this.mark(id);
    }
    if (takenBack > 0)
      this.parts.log.info('an edit of the registry took statuses back; they return', { nodes: takenBack });
  }

  /** Writes what is unwritten, now. */
  async flush(): Promise<void> {
    await this.batch.flush();
  }

  /** Ends the writing; `flush` first. */
  close(): void {
    this.leave();
    this.batch.close();
  }

  private mark(id: NodeId): void {
    this.dirty.add(id);
    this.batch.mark();
  }

  private drop(id: NodeId): void {
    this.dirty.delete(id);
    this.written.delete(id);
  }

  private async write(): Promise<void> {
    const ids = [...this.dirty];
    this.dirty.clear();
    let patched: readonly NodeStatus[] = [];
    try {
      await this.parts.rows.edit((text) => {
        if (text === undefined) return undefined;
        // After a conflict this runs again: the newest statuses go into the newest text.
        patched = ids.map((id) => this.parts.ledger.get(id)).filter((status) => status !== undefined);
        const next = this.parts.rows.patch(text, patched.map(rowPatch));
        return next === text ? undefined : next;
      });
    } catch (error) {
      for (const id of ids) this.dirty.add(id);
      throw error;
    }
    for (const status of patched) this.written.set(status.id, wordsOf(status));
  }
}

/** Our four fields of one row. What we do not know is left as the row has it. */
export function rowPatch(status: NodeStatus): RowPatch {
  const { type, address } = splitNodeId(status.id);
  return {
    type,
    address,
    fields: {
      status: status.state,
      ...(status.lastSync === undefined ? {} : { last_sync: status.lastSync }),
      ...(status.lastAttempt === undefined ? {} : { last_attempt: status.lastAttempt }),
      last_error: status.lastError ?? null,
    },
  };
}

function wordsOf(status: NodeStatus): string {
  return JSON.stringify(rowPatch(status).fields);
}

function sameFields(a: NodeStatus | undefined, b: NodeStatus): boolean {
  return a !== undefined && !a.hint && wordsOf(a) === wordsOf(b);
}

function agrees(node: Node, status: NodeStatus): boolean {
  const { recorded } = node;
  return (
    recorded.status === status.state &&
    (status.lastSync === undefined || recorded.lastSync === status.lastSync) &&
    (status.lastAttempt === undefined || recorded.lastAttempt === status.lastAttempt) &&
    recorded.lastError === status.lastError
  );
}
