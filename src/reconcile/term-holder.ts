import type { Position, Term } from '../model/term.ts';
import type { Random } from '../lib/random.ts';
import { SyncError } from '../lib/errors.ts';

/** Where terms are kept; the registry folder implements it. */
export interface TermKeeper {
  /** Compare-and-swap `epoch := max(stored, heard) + 1`. */
  take(input: { readonly heard: number; readonly writer: string; readonly holder: string }): Promise<Term>;
}

/** Remembers the own term across restarts, so that a daemon whose term store is down may re-assert what it last pushed. */
export interface TermMemory {
  remember(term: Term, seqLimit: number): Promise<void>;
  recall(): Promise<{ readonly term: Term; readonly seqLimit: number } | undefined>;
}

// Seqs are reserved in blocks, so that one write to the memory covers many pushes.
const block = 1000;

/** Holds the one term of this process and counts its pushes. */
export class TermHolder {
  private readonly keeper: TermKeeper;
  private readonly memory: TermMemory;
  private readonly random: Random;
  private readonly holder: string;
  private term: Term | undefined;
  private seq = 0;
  private seqLimit = 0;
  private reasserting = false;

  constructor(parts: { keeper: TermKeeper; memory: TermMemory; random: Random; holder: string }) {
    this.keeper = parts.keeper;
    this.memory = parts.memory;
    this.random = parts.random;
    this.holder = parts.holder;
  }

  /** Begins a new term above everything heard. Rejects when the term store cannot be written. */
  async begin(heard: number): Promise<Term> {
    const term = await this.keeper.take({ heard, writer: this.random.hex(8), holder: this.holder });
    this.install(term, 0);
    // One that cannot be stored serves as long as this process: what a restart recalls instead is older, and nodes refuse it.
    await this.memory.remember(term, this.seqLimit).catch(() => undefined);
    return term;
  }

  /** With the term store down: goes on under the own last term, beyond every seq it can have used. Only last-good may be pushed so. */
  async reassert(clusterId: string): Promise<Term | undefined> {
    const known = await this.memory.recall();
    // The state directory may have served another cluster before: its fences mean nothing here.
    if (known?.term.clusterId !== clusterId) return undefined;
    // Remembered first: what a restart does not know of would be used twice.
    const used = this.isCurrent(known.term) ? Math.max(known.seqLimit, this.seqLimit) : known.seqLimit;
    await this.memory.remember(known.term, used + block);
    this.install(known.term, used);
    this.reasserting = true;
    return known.term;
  }

  /** The cluster of the own last term. */
  async recallClusterId(): Promise<string | undefined> {
    return (await this.memory.recall())?.term.clusterId;
  }

  /** The present term, if one has begun. */
  current(): Term | undefined {
    return this.term;
  }

  /** True while running under the own last term because the term store is down. */
  isReasserting(): boolean {
    return this.reasserting;
  }

  /** The position of the next push. */
  next(): Position {
    if (this.term === undefined) throw new SyncError('internal', 'no term has begun');
    this.seq += 1;
    if (this.seq > this.seqLimit - block / 2) {
      this.seqLimit += block;
      void this.memory.remember(this.term, this.seqLimit).catch(() => undefined);
    }
    return { epoch: this.term.epoch, writer: this.term.writer, seq: this.seq };
  }

  private isCurrent({ epoch, writer }: Term): boolean {
    return this.term?.epoch === epoch && this.term.writer === writer;
  }

  private install(term: Term, seq: number): void {
    this.term = term;
    this.seq = seq;
    this.seqLimit = seq + block;
    this.reasserting = false;
  }
}
