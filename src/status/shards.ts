import type { Node, NodeId } from '../model/node.ts';
import type { NodeStatus } from '../model/status.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { Batch } from './batch.ts';
import { entryOf, hintFromEntry } from './hint.ts';
import type { Ledger } from './ledger.ts';

/** Objects of ours that hold small texts by key; on Kubernetes ConfigMaps, else files. */
export interface StatusObjects {
  read(name: string): Promise<{ readonly data: Readonly<Record<string, string>> } | undefined>;
  /** Merge patch of single keys; null removes one. Creates the object. */
  patch(name: string, data: Readonly<Record<string, string | null>>): Promise<void>;
}

export interface ShardParts {
  readonly ledger: Ledger;
  readonly objects: StatusObjects;
  readonly clock: Clock;
  readonly log: Logger;
  /** `sync-controller-status`: the shards are `-0`, `-1` … */
  readonly prefix: string;
  readonly flushMs: number;
  readonly shardNodes: number;
}

// 64 shards of 400 nodes are more than one controller leads; a runaway count would read for ever.
const shardLimit = 64;

/** Everything we know beyond the four fields of a row, spread over objects that stay small. */
export class StatusShards {
  private readonly parts: ShardParts;
  private readonly batch: Batch;
  private readonly shardOf = new Map<NodeId, number>();
  private readonly dirty = new Set<NodeId>();
  private loading: Promise<readonly NodeStatus[]> | undefined;
  private readonly leave: () => void;

  constructor(parts: ShardParts) {
    this.parts = parts;
    const { clock, log, flushMs } = parts;
    this.batch = new Batch({
      clock,
      everyMs: flushMs,
      write: () => this.write(),
      onFailure: (error) => {
        log.warn('status objects could not be written; they will be', { error });
      },
    });
    this.leave = parts.ledger.subscribe(({ id, current }) => {
      if (current?.hint !== true) this.mark(id);
    });
  }

  /** Reads every shard once; the statuses are hints. Nothing is written before this has worked. */
  async load(): Promise<readonly NodeStatus[]> {
    this.loading ??= this.readAll();
    try {
      return await this.loading;
    } catch (error) {
      this.loading = undefined;
      throw error;
    }
  }

  /** Entries of nodes that nobody knows any more are taken out. */
  prune(nodes: ReadonlyMap<NodeId, Node>): void {
    for (const id of this.shardOf.keys())
      if (!nodes.has(id) && this.parts.ledger.get(id) === undefined) this.mark(id);
  }

  async flush(): Promise<void> {
    await this.batch.flush();
  }

  close(): void {
    this.leave();
    this.batch.close();
  }

  private mark(id: NodeId): void {
    this.dirty.add(id);
    this.batch.mark();
  }

  private async readAll(): Promise<readonly NodeStatus[]> {
    const found: NodeStatus[] = [];
    for (let shard = 0; shard < shardLimit; shard += 1) {
      const object = await this.parts.objects.read(this.nameOf(shard));
      if (object === undefined) break;
      for (const entry of Object.values(object.data)) {
        const status = hintFromEntry(entry);
        if (status === undefined || this.shardOf.has(status.id)) continue;
        this.shardOf.set(status.id, shard);
        found.push(status);
      }
    }
    return found;
  }

  private async write(): Promise<void> {
    // A node that already has an entry in some shard must not get a second one in another.
    await this.load();
    const ids = [...this.dirty];
    this.dirty.clear();
    const patches = this.patchesOf(ids);
    const results = await Promise.allSettled(
      [...patches].map(([shard, data]) => this.parts.objects.patch(this.nameOf(shard), data)),
    );
    const failed = results.find((result) => result.status === 'rejected');
    if (failed === undefined) {
      for (const id of ids) if (this.parts.ledger.get(id) === undefined) this.shardOf.delete(id);
      return;
    }
    for (const id of ids) this.dirty.add(id);
    throw failed.reason;
  }

  private patchesOf(ids: readonly NodeId[]): Map<number, Record<string, string | null>> {
    const patches = new Map<number, Record<string, string | null>>();
    for (const id of ids) {
      const status = this.parts.ledger.get(id);
      const shard = status === undefined ? this.shardOf.get(id) : this.place(id);
      if (shard === undefined) continue;
      const patch = patches.get(shard) ?? {};
      patch[keyOf(id)] = status === undefined ? null : entryOf(status);
      patches.set(shard, patch);
    }
    return patches;
  }

  /** A node stays in its shard; a new one goes into the first with room. */
  private place(id: NodeId): number {
    const known = this.shardOf.get(id);
    if (known !== undefined) return known;
    const used = new Map<number, number>();
    for (const shard of this.shardOf.values()) used.set(shard, (used.get(shard) ?? 0) + 1);
    let shard = 0;
    while ((used.get(shard) ?? 0) >= this.parts.shardNodes) shard += 1;
    this.shardOf.set(id, shard);
    return shard;
  }

  private nameOf(shard: number): string {
    return `${this.parts.prefix}-${String(shard)}`;
  }
}

/** A key that a ConfigMap accepts: the id with `@` as `.` and the colons of IPv6 as `-`. The entry itself names the node. */
export function keyOf(id: NodeId): string {
  return id
    .replaceAll('@', '.')
    .replaceAll(':', '-')
    .replaceAll(/[^-._a-zA-Z0-9]/gu, '_');
}
