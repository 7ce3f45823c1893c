import type { ReceiptSummary, Timings } from '../model/outcome.ts';
import type { Clock } from '../lib/clock.ts';
import type { Receipt } from '../wire/receipt.ts';

export type Phase = keyof Timings;

/** Adds up where the time of one attempt goes. One attempt, one keeper: it is never shared between nodes. */
export class Timekeeper {
  private readonly clock: Clock;
  private readonly spent: Record<Phase, number> = { waitMs: 0, dialMs: 0, exchangeMs: 0, verifyMs: 0 };
  private last: ReceiptSummary | undefined;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Starts a measurement. @returns what ends it, in the phase that turned out to be. */
  start(): (phase: Phase) => void {
    const began = this.clock.monotonic();
    return (phase) => {
      this.add(phase, this.clock.monotonic() - began);
    };
  }

  add(phase: Phase, ms: number): void {
    this.spent[phase] += ms;
  }

  /** Notes a receipt; a look after a write tells less than the write. */
  note(receipt: Receipt): void {
    if (receipt.mode === 'check' && this.last !== undefined) return;
    this.last = {
      mode: receipt.mode,
      result: receipt.result,
      epoch: receipt.fence?.epoch ?? 0,
      seq: receipt.fence?.seq ?? 0,
      before: receipt.before?.sha,
      after: receipt.after?.sha,
      receiverMs: receipt.facts.ms,
    };
  }

  /** The course of the attempt so far, in whole milliseconds. */
  course(): { readonly timings: Timings; readonly receipt?: ReceiptSummary } {
    const { waitMs, dialMs, exchangeMs, verifyMs } = this.spent;
    const timings = {
      waitMs: Math.round(waitMs),
      dialMs: Math.round(dialMs),
      exchangeMs: Math.round(exchangeMs),
      verifyMs: Math.round(verifyMs),
    };
    return { timings, ...(this.last === undefined ? {} : { receipt: this.last }) };
  }
}
