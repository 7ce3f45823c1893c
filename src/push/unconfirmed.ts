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
  private readonly pending = new Map<string, readonly Pending[]>();

  /** A change is about to leave; one that left before may still be on its way. */
  note(id: NodeId, kind: TargetKind, pending: Pending): void {
    const key = `${id} ${kind}`;
    this.pending.set(key, [...(this.pending.get(key) ?? []), pending]);
  }

  /** The node has confirmed this position, or has accepted it as one that needs no confirmation: no earlier one can come into force. */
  settle(id: NodeId, kind: TargetKind, { epoch, writer, seq }: Position): void {
    const key = `${id} ${kind}`;
    const later = (this.pending.get(key) ?? []).filter(
      ({ position }) => position.epoch === epoch && position.writer === writer && position.seq > seq,
    );
    if (later.length > 0) this.pending.set(key, later);
    else this.pending.delete(key);
  }

  /** What stands on the node, where it is a change that was never confirmed. */
  standing(id: NodeId, kind: TargetKind, { installed }: Receipt): Pending | undefined {
    return this.pending
      .get(`${id} ${kind}`)
      ?.find(
        ({ position }) =>
          installed?.epoch === position.epoch &&
          installed.writer === position.writer &&
          installed.seq === position.seq,
      );
  }
}
