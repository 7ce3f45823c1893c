import type { Node, NodeId } from '../../src/model/node.ts';
import { isNodeType, nodeId } from '../../src/model/node.ts';
import { patchNodeRows } from '../../src/registry/json-edit.ts';
import type { RowPatch, RowPort } from '../../src/status/write-back.ts';
import { row } from './samples.ts';

/** `registry.json` under optimistic concurrency, with others who write it too. */
export class SharedRegistry implements RowPort {
  text: string;
  writes = 0;
  /** Called between our read and our write, once per entry: what somebody else does in that moment. */
  readonly meanwhile: ((text: string) => string)[] = [];
  failure: Error | undefined;

  constructor(text: string) {
    this.text = text;
  }

  async edit(edit: (text: string | undefined) => string | undefined): Promise<unknown> {
    for (;;) {
      if (this.failure !== undefined) throw this.failure;
      const seen = this.text;
      const next = edit(seen);
      await Promise.resolve();
      const other = this.meanwhile.shift();
      if (other !== undefined) this.text = other(this.text);
      if (next === undefined) return undefined;
      if (this.text !== seen) continue;
      this.text = next;
      this.writes += 1;
      return this.writes;
    }
  }

  patch(text: string, patches: readonly RowPatch[]): string {
    return patchNodeRows(text, patches);
  }

  /** The rows as a reader of the registry sees them. */
  rows(): Map<NodeId, Node> {
    const parsed = JSON.parse(this.text) as Record<
      string,
      { ip: string; status?: string; last_sync?: string; last_attempt?: string; last_error?: string }[]
    >;
    const found = new Map<NodeId, Node>();
    for (const [type, rows] of Object.entries(parsed)) {
      if (!isNodeType(type)) continue;
      for (const entry of rows) {
        const id = nodeId(type, entry.ip);
        const status = entry.status === 'failed' ? 'error' : (entry.status as 'active');
        found.set(
          id,
          row(id, {
            status,
            lastSync: entry.last_sync,
            lastAttempt: entry.last_attempt,
            lastError: entry.last_error ?? undefined,
          }),
        );
      }
    }
    return found;
  }
}
