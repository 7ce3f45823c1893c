import { isoSeconds, type Clock } from '../lib/clock.ts';
import type { NodeId } from '../model/node.ts';
import { TransportFailure } from './transport.ts';

/** A request of a node that waits for something to do. */
export interface Parked {
  /** Hands bytes over; resolves when all of them are written, rejects where the connection breaks before that. */
  give(bytes: Buffer): Promise<void>;
  /** Ends it with nothing to do. */
  dismiss(): void;
}

/** What the receiver of a node made of a request, as the node tells it. */
export interface Told {
  readonly nonce: string;
  readonly exitCode: number;
  readonly stdout: Buffer;
}

/** One request to a receiver that a node fetches. */
export interface Errand {
  readonly nonce: string;
  readonly stdin: Buffer;
  /** Bytes that are taken as its answer at most. */
  readonly maxOutputBytes: number;
}

/** When a node was here last, since this process began; `here` while it waits or works for us. */
export interface Sight {
  readonly at: string;
  readonly atMs: number;
  readonly here: boolean;
}

/** A node that was not here is. */
export interface Return {
  /** Somebody waited for it: it has missed something. */
  readonly awaited: boolean;
  /** It is too soon to try again at once. */
  readonly delayMs: number;
}

interface Open extends Errand {
  readonly answer: PromiseWithResolvers<Told>;
}

interface Visitor {
  parked: Parked | undefined;
  /** What it has fetched and not answered yet. */
  handed: Open | undefined;
  readonly waiting: Open[];
  /** When it was here last, by the clock of durations and by that of the wall. */
  seen: { readonly monotonic: number; readonly wall: number } | undefined;
  awaited: boolean;
}

// Between an answer and the next visit lies one round trip; whoever stays away for longer is not here.
const betweenMs = 3_000;
/** After the door has opened, those who were turned away by its absence need a moment to come again. */
const firstMs = 5_000;
/** A node whose exchanges break is queued again at this pace, however fast it comes back. */
const againMs = 5_000;

/**
 * Nodes that come for their requests themselves: who is here, what waits for whom, and what each has fetched. One request is
 * with a node at a time; an answer counts only for the very request that the node has fetched last.
 */
export class Visits {
  readonly #clock: Clock;
  readonly #visitors = new Map<NodeId, Visitor>();
  #onReturn: (id: NodeId, back: Return) => void = () => undefined;
  #servedMs: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** True while there is a door that nodes can come to. */
  get isServed(): boolean {
    return this.#servedMs !== undefined;
  }

  /** The door is open; who comes and was not here is told to `onReturn`. */
  serve(onReturn: (id: NodeId, back: Return) => void): void {
    this.#servedMs = this.#clock.monotonic();
    this.#onReturn = onReturn;
  }

  /** When a node was here last; undefined for one that was not. */
  sightOf(id: NodeId): Sight | undefined {
    const visitor = this.#visitors.get(id);
    if (visitor?.seen === undefined) return undefined;
    const { wall, monotonic } = visitor.seen;
    return {
      at: isoSeconds(wall),
      atMs: monotonic,
      here: this.#isHere(visitor),
    };
  }

  /** Its next visit is news: a change waits for it, or nobody knows how it is. */
  await(id: NodeId): void {
    const visitor = this.#visitorOf(id);
    visitor.awaited = true;
    // It may have come back between its failure and this word.
    if (visitor.parked !== undefined) this.#welcome(id, visitor, againMs);
  }

  /** Forgets a node and ends its visit. */
  forget(id: NodeId): void {
    this.#visitors.get(id)?.parked?.dismiss();
    this.#visitors.delete(id);
  }

  /**
   * Has a node fetch one request, and waits for its answer. A node that is not here is absent at once: nobody waits for its return.
   * Rejects with TransportFailure, or with the signal's reason.
   */
  async ask(id: NodeId, errand: Errand, signal: AbortSignal): Promise<Told> {
    signal.throwIfAborted();
    const visitor = this.#visitorOf(id);
    if (!this.#isHere(visitor)) throw this.#absent(visitor);
    const open: Open = { ...errand, answer: Promise.withResolvers<Told>() };
    const onAbort = (): void => {
      open.answer.reject(signal.reason as Error);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    const stop = new AbortController();
    visitor.waiting.push(open);
    this.#hand(visitor);
    void this.#giveUp(visitor, open, stop.signal);
    try {
      return await open.answer.promise;
    } finally {
      stop.abort();
      signal.removeEventListener('abort', onAbort);
      this.#drop(visitor, open);
    }
  }

  /** A node comes for something to do. @returns what is called when its connection ends. */
  park(id: NodeId, parked: Parked): () => void {
    const visitor = this.#visitorOf(id);
    const wasHere = visitor.seen !== undefined && this.#isHere(visitor);
    visitor.parked?.dismiss();
    // It does not know any more of what it had fetched: its machine or its script began anew.
    visitor.handed?.answer.reject(
      new TransportFailure('no_receipt', 'the node came back without a receipt', true, { started: true }),
    );
    visitor.handed = undefined;
    visitor.parked = parked;
    this.#saw(visitor);
    if (visitor.awaited || !wasHere) this.#welcome(id, visitor, 0);
    this.#hand(visitor);
    return () => {
      if (visitor.parked !== parked) return;
      visitor.parked = undefined;
      this.#saw(visitor);
    };
  }

  /** Bytes of an answer that would be taken from a node now; 0 where none is waited for. */
  room(id: NodeId, nonce: string): number {
    const handed = this.#visitors.get(id)?.handed;
    return handed?.nonce === nonce ? handed.maxOutputBytes : 0;
  }

  /** A node answers. @returns false for the answer to a request that nobody waits for any more. */
  tell(id: NodeId, told: Told): boolean {
    const visitor = this.#visitors.get(id);
    if (visitor?.handed?.nonce !== told.nonce) return false;
    this.#saw(visitor);
    const { handed } = visitor;
    visitor.handed = undefined;
    handed.answer.resolve(told);
    return true;
  }

  /** Ends every visit; what is waited for fails. */
  close(): void {
    this.#servedMs = undefined;
    const closed = new TransportFailure('connection_lost', 'the listener for nodes was closed', true, {
      started: true,
    });
    for (const { parked, handed, waiting } of this.#visitors.values()) {
      parked?.dismiss();
      for (const open of [handed, ...waiting]) open?.answer.reject(closed);
    }
  }

  #visitorOf(id: NodeId): Visitor {
    const visitor = this.#visitors.get(id) ?? {
      parked: undefined,
      handed: undefined,
      waiting: [],
      seen: undefined,
      awaited: false,
    };
    this.#visitors.set(id, visitor);
    return visitor;
  }

  #isHere({ parked, handed, seen }: Visitor): boolean {
    const servedMs = this.#servedMs;
    if (servedMs === undefined) return false;
    if (parked !== undefined || handed !== undefined) return true;
    const now = this.#clock.monotonic();
    return seen === undefined ? now - servedMs < firstMs : now - seen.monotonic < betweenMs;
  }

  #saw(visitor: Visitor): void {
    visitor.seen = { monotonic: this.#clock.monotonic(), wall: this.#clock.now() };
  }

  #absent({ seen }: Visitor): TransportFailure {
    const text = !this.isServed
      ? 'no daemon listens for it (pull.listen)'
      : seen === undefined
        ? 'it has not come since this daemon began to listen'
        : `it came last at ${isoSeconds(seen.wall)}`;
    return new TransportFailure('pull_silent', text, false);
  }

  /** Gives the first of what waits to the node that waits. */
  #hand(visitor: Visitor): void {
    const { parked } = visitor;
    if (parked === undefined || visitor.handed !== undefined) return;
    const open = visitor.waiting.shift();
    if (open === undefined) return;
    visitor.parked = undefined;
    visitor.handed = open;
    parked.give(open.stdin).then(
      () => {
        this.#saw(visitor);
      },
      () => {
        if (visitor.handed === open) visitor.handed = undefined;
        const text = 'the connection broke while the node fetched the request';
        open.answer.reject(new TransportFailure('connection_lost', text, true, { started: true }));
      },
    );
  }

  /** A node that was between two visits, and did not come again, is absent. */
  async #giveUp(visitor: Visitor, open: Open, signal: AbortSignal): Promise<void> {
    while (visitor.waiting.includes(open)) {
      const left = await this.#clock.sleep(betweenMs, signal).then(
        () => true,
        () => false,
      );
      if (!left) return;
      if (visitor.waiting.includes(open) && !this.#isHere(visitor)) open.answer.reject(this.#absent(visitor));
    }
  }

  #drop(visitor: Visitor, open: Open): void {
    const at = visitor.waiting.indexOf(open);
    if (at >= 0) visitor.waiting.splice(at, 1);
    if (visitor.handed === open) visitor.handed = undefined;
  }

  #welcome(id: NodeId, visitor: Visitor, delayMs: number): void {
    const { awaited } = visitor;
    visitor.awaited = false;
    this.#onReturn(id, { awaited, delayMs });
  }
}
