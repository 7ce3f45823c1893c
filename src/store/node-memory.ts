import type { TargetKind } from '../model/bundle.ts';
import type { NodeId } from '../model/node.ts';
import type { TargetMemory } from '../model/outcome.ts';
import { messageOf } from '../lib/errors.ts';
import type { Logger } from '../lib/logger.ts';
import type { Durable } from './durable.ts';
import type { TargetRecord } from './records.ts';

/** What every target of every node showed last: read at once, written behind. Without the store it lasts as long as the process. */
export class DurableNodeMemory {
  private readonly durable: Durable;
  private readonly log: Logger;
  private readonly known = new Map<string, TargetRecord>();
  private readonly dirty = new Set<string>();
  private writing: Promise<void> | undefined;

  private constructor(durable: Durable, log: Logger) {
    this.durable = durable;
    this.log = log;
  }

  static async open(durable: Durable, log: Logger): Promise<DurableNodeMemory> {
    const memory = new DurableNodeMemory(durable, log);
    const reply = await durable.ask('targets');
    if (reply.available)
      for (const record of reply.value) memory.known.set(keyOf(record.node, record.kind), record);
    return memory;
  }

  recall(node: NodeId, kind: TargetKind): TargetMemory | undefined {
    return this.known.get(keyOf(node, kind))?.memory;
  }

  /** A node that shows what it showed before costs no write. */
  remember(node: NodeId, kind: TargetKind, memory: TargetMemory): void {
    const key = keyOf(node, kind);
    if (same(this.known.get(key)?.memory, memory)) return;
    this.known.set(key, { node, kind, memory });
    this.dirty.add(key);
    this.writing ??= this.write();
  }

  /** Forgets a node, on disk too. */
  async forget(node: NodeId): Promise<void> {
    for (const [key, record] of this.known) {
      if (record.node !== node) continue;
      this.known.delete(key);
      this.dirty.delete(key);
    }
    await this.writing;
    await this.durable.ask('forgetTargets', node);
  }

  /** Waits until everything remembered so far is written. */
  async flush(): Promise<void> {
    if (this.dirty.size > 0) this.writing ??= this.write();
    await this.writing;
  }

  /** While one transaction runs the next gathers: a whole fleet costs a few, not one per node. */
  private async write(): Promise<void> {
    // The caller's turn ends first, so that a burst begins as one transaction.
    await Promise.resolve();
    try {
      while (this.dirty.size > 0) {
        const keys = [...this.dirty];
        const records = keys.map((key) => this.known.get(key)).filter((record) => record !== undefined);
        this.dirty.clear();
        await this.store(keys, records);
      }
    } catch (error) {
      this.log.warn('what nodes showed could not be stored; it will be with the next change', {
        error: messageOf(error),
      });
    } finally {
      this.writing = undefined;
    }
  }

  private async store(keys: readonly string[], records: readonly TargetRecord[]): Promise<void> {
    try {
      await this.durable.ask('rememberTargets', records);
    } catch (error) {
      for (const key of keys) this.dirty.add(key);
      throw error;
    }
  }
}

function keyOf(node: NodeId, kind: TargetKind): string {
  return `${node} ${kind}`;
}

function same(a: TargetMemory | undefined, b: TargetMemory): boolean {
  return (
    a !== undefined &&
    a.installed === b.installed &&
    a.accepted?.epoch === b.accepted?.epoch &&
    a.accepted?.writer === b.accepted?.writer &&
    a.rungs.join(' ') === b.rungs.join(' ')
  );
}
