import type { ControllerStatus } from '../contract/report.ts';
import type { FeedEvent } from '../contract/events.ts';
import { waited, type Clock } from '../lib/clock.ts';
import { shown } from './shown.ts';
import type { Random } from '../lib/random.ts';

/** An event with its number, ready to be sent to everybody. */
export interface Numbered {
  readonly id: string;
  readonly event: FeedEvent['event'];
  readonly data: string;
}

export interface FeedParts {
  readonly status: () => Promise<ControllerStatus>;
  readonly clock: Clock;
  readonly random: Random;
}

/** One status, as it is held against the next one. */
interface Seen {
  readonly status: ControllerStatus;
  readonly nodes: ReadonlyMap<string, string>;
  readonly controller: string;
  /** The same without what is no news. */
  readonly rest: string;
}

type Listener = (events: readonly Numbered[]) => void;

const lookMs = 500;
/** Events that are kept for who returns. */
const mostKept = 10_000;
/** It goes on for this long without a listener: a page that is loaded anew misses nothing. */
const lingerMs = 60_000;

/**
 * What changes of a controller, told to any number of listeners. One look twice a second serves all of them, and nothing looks
 * while nobody listens: a push pays nothing for who watches it.
 */
export class Feed {
  readonly #parts: FeedParts;
  readonly #listeners = new Set<Listener>();
  readonly #closed = new AbortController();
  #kept: Numbered[] = [];
  #seen: Seen | undefined;
  #run = '';
  #number = 0;
  #looking: Promise<void> | undefined;
  #aloneMs = 0;

  constructor(parts: FeedParts) {
    this.#parts = parts;
  }

  /**
   * Tells what changes from now on, after what was missed since `after`, or after everything where that is not known any more.
   * @returns how to stop.
   */
  async follow(after: string | undefined, listener: Listener): Promise<() => void> {
    this.#looking ??= this.#look();
    // What was seen last: who comes while another one is served asks the controller nothing.
    const seen = this.#seen ?? (await this.#first());
    listener(this.#since(after) ?? [this.#whole(seen)]);
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
      this.#aloneMs = this.#parts.clock.monotonic();
    };
  }

  /** Ends the looking. */
  async close(): Promise<void> {
    this.#closed.abort();
    await this.#looking;
  }

  async #look(): Promise<void> {
    const { clock, random, status } = this.#parts;
    this.#run = random.hex(4);
    this.#number = 0;
    this.#kept = [];
    this.#aloneMs = clock.monotonic();
    while (await waited(clock, lookMs, this.#closed.signal)) {
      if (this.#listeners.size === 0 && clock.monotonic() - this.#aloneMs > lingerMs) break;
      // A look that fails is made again: nobody is pushed to or not because of it.
      const now = await status()
        .then(shown)
        .catch(() => undefined);
      if (now !== undefined) this.#tell(now);
    }
    this.#seen = undefined;
    this.#looking = undefined;
  }

  /** Several may come at once: the status that was seen first is the one that what follows is held against. */
  async #first(): Promise<Seen> {
    const status = shown(await this.#parts.status());
    return this.#seen ?? this.#see(status);
  }

  /** Tells what differs from the status before. */
  #tell(status: ControllerStatus): void {
    const before = this.#seen;
    const { nodes, controller, rest } = this.#see(status);
    if (before === undefined) return;
    const news = [
      ...[...nodes]
        .filter(([node, data]) => before.nodes.get(node) !== data)
        .map(([, data]) => this.#numbered('node', data)),
      ...[...before.nodes.keys()]
        .filter((node) => !nodes.has(node))
        .map((node) => this.#numbered('gone', JSON.stringify({ node }))),
      ...(rest === before.rest ? [] : [this.#numbered('controller', controller)]),
    ];
    if (news.length === 0) return;
    this.#kept = [...this.#kept, ...news].slice(-mostKept);
    for (const listener of this.#listeners) listener(news);
  }

  #see(status: ControllerStatus): Seen {
    const { nodes, ...controller } = status;
    // The age of the last proof changes with every look and is no news.
    const { proofAgeMs: _age, ...source } = controller.source;
    this.#seen = {
      status,
      nodes: new Map(nodes.map((node) => [node.node, JSON.stringify(node)])),
      controller: JSON.stringify(controller),
      rest: JSON.stringify({ ...controller, source }),
    };
    return this.#seen;
  }

  #numbered(event: FeedEvent['event'], data: string): Numbered {
    this.#number += 1;
    return { id: this.#idOf(this.#number), event, data };
  }

  #idOf(number: number): string {
    return `${this.#run}-${String(number)}`;
  }

  /** Everything, under the number of the newest event: what follows is newer. */
  #whole({ status }: Seen): Numbered {
    return { id: this.#idOf(this.#number), event: 'status', data: JSON.stringify(status) };
  }

  /** What came after an event; undefined where that is not known any more. */
  #since(after: string | undefined): readonly Numbered[] | undefined {
    const [, run, digits] = /^(\w+)-(\d{1,15})$/u.exec(after ?? '') ?? [];
    const missed = this.#number - Number(digits);
    if (run !== this.#run || missed < 0 || missed > this.#kept.length) return undefined;
    return this.#kept.slice(this.#kept.length - missed);
  }
}
