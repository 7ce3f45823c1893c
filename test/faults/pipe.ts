import type { Socket } from 'node:net';
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';

/** How a connection ends, or what one direction does from then on. */
export type Cut = 'reset' | 'close' | 'half-close' | 'drop' | 'hold';

/** What one direction of a connection suffers; nothing set is a perfect wire. */
export interface Faults {
  readonly latencyMs?: number;
  /** Added on top of the latency, up to this much, from a fixed sequence. */
  readonly jitterMs?: number;
  readonly bytesPerSecond?: number;
  /** Every byte is a segment of its own, from this many bytes of the direction on. */
  readonly sliceAfter?: number;
  /** Bytes are taken and vanish: the sender believes that they went. */
  readonly drop?: boolean;
  /** Nothing is taken any more: the sender's window fills, as where packets vanish; goes on when lifted. */
  readonly hold?: boolean;
  /** After exactly so many bytes of this direction. */
  readonly cut?: { readonly after: number; readonly how: Cut };
}

/** One direction of one connection: takes bytes from a socket and gives them to another through its faults. */
export class Pipe {
  faults: Faults;
  /** Bytes that were passed on. */
  passed = 0;
  private readonly from: Socket;
  private readonly to: Socket;
  private readonly onCut: (how: Cut) => void;
  private lastDue = 0;
  private draw = 1;
  private changed: () => void = () => undefined;

  constructor(from: Socket, to: Socket, faults: Faults, onCut: (how: Cut) => void) {
    this.from = from;
    this.to = to;
    this.faults = faults;
    this.onCut = onCut;
    void this.run().catch(() => undefined);
  }

  /** Replaces the faults, also for what already waits. */
  set(faults: Faults): void {
    this.faults = faults;
    this.changed();
  }

  private async run(): Promise<void> {
    const waiting: { readonly bytes: Buffer; readonly due: number }[] = [];
    let wake: () => void = () => undefined;
    const seen = { ended: false };
    this.from.on('data', (bytes: Buffer) => {
      waiting.push({ bytes, due: this.due() });
      // Little is kept here, so that a slow wire is felt by the sender and not by our memory.
      if (waiting.length > 4) this.from.pause();
      wake();
    });
    this.from.on('end', () => {
      seen.ended = true;
      wake();
    });
    for (;;) {
      const next = waiting.shift();
      if (next !== undefined) {
        await this.pass(next.bytes, next.due);
        this.from.resume();
      } else if (seen.ended) {
        break;
      } else {
        await new Promise<void>((resolve) => (wake = resolve));
      }
    }
    await this.lifted();
    if (this.faults.drop !== true) this.to.end();
  }

  private due(): number {
    const { latencyMs = 0, jitterMs = 0 } = this.faults;
    // The minimal standard generator: the same jitter in every run.
    this.draw = (this.draw * 48_271) % 2_147_483_647;
    const due = performance.now() + latencyMs + (jitterMs * this.draw) / 2_147_483_647;
    // A stream keeps its order, however late one part of it is.
    this.lastDue = Math.max(this.lastDue, due);
    return this.lastDue;
  }

  private async pass(bytes: Buffer, due: number): Promise<void> {
    const early = due - performance.now();
    if (early > 0) await delay(early, undefined, { ref: false });
    for (let at = 0; at < bytes.length;) {
      await this.lifted();
      const piece = bytes.subarray(at, at + this.pieceLength());
      at += piece.length;
      if (piece.length > 0 && this.faults.drop !== true) await this.write(piece);
      const { cut } = this.faults;
      if (cut !== undefined && this.passed >= cut.after) this.meet(cut.how);
    }
  }

  private get slices(): boolean {
    return this.passed >= (this.faults.sliceAfter ?? Infinity);
  }

  private pieceLength(): number {
    const { sliceAfter = Infinity, bytesPerSecond, cut } = this.faults;
    const most = this.slices ? 1 : Math.ceil((bytesPerSecond ?? 2_000_000) / 20);
    return Math.max(
      0,
      Math.min(
        most,
        ...[cut?.after, this.slices ? undefined : sliceAfter].map((end) => (end ?? Infinity) - this.passed),
      ),
    );
  }

  private async write(piece: Buffer): Promise<void> {
    this.passed += piece.length;
    const more = this.to.write(piece);
    if (this.slices) await turn();
    const { bytesPerSecond } = this.faults;
    if (bytesPerSecond !== undefined)
      await delay((1000 * piece.length) / bytesPerSecond, undefined, { ref: false });
    if (!more && !this.to.destroyed)
      await new Promise<void>((resolve) => this.to.once('drain', resolve).once('close', resolve));
  }

  private meet(how: Cut): void {
    this.faults = how === 'hold' ? { hold: true } : { drop: true };
    this.onCut(how);
  }

  /** Waits until nothing holds this direction. */
  private async lifted(): Promise<void> {
    while (this.faults.hold === true) {
      this.from.pause();
      await new Promise<void>((resolve) => (this.changed = resolve));
    }
  }
}
