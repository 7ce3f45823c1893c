import type { TargetKind } from '../model/bundle.ts';
import type { NodeId } from '../model/node.ts';
import type { Position } from '../model/term.ts';
import type { Receipt } from '../wire/receipt.ts';

/** A change that the node takes back by itself, as long as nobody has told it to keep it. */
export interface Pending {
  readonly position: Position;
  readonly confirmSeconds: number;
}

/** What this process has secured and not confirmed: the answer to the change, or the confirmation, may have been lost. */
export class Unconfirmed {
  private readonly pending = new Map<string, Pending>();

  note(id: NodeId, kind: TargetKind, pending: Pending): void {
    this.pending.set(`${id} ${kind}`, pending);
  }

  settle(id: NodeId, kind: TargetKind): void {
    this.pending.delete(`${id} ${kind}`);
  }

  /** What stands on the node, where it is a change that was never confirmed. */
  standing(id: NodeId, kind: TargetKind, { installed }: Receipt): Pending | undefined {
    const pending = this.pending.get(`${id} ${kind}`);
    if (pending === undefined || installed === null) return undefined;
    const { epoch, writer, seq } = pending.position;
    const isIt = installed.epoch === epoch && installed.writer === writer && installed.seq === seq;
    return isIt ? pending : undefined;
  }
}
