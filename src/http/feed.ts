import type { ControllerStatus } from '../contract/report.ts';
import type { FeedEvent } from '../contract/events.ts';
import type { Clock } from '../lib/clock.ts';
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
  #nodes = new Map<string, string>();
  #controller = '';
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
    if (this.#looking === undefined) await this.#begin();
    const missed = this.#since(after);
    listener(missed ?? [await this.#whole()]);
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

  async #begin(): Promise<void> {
    this.#run = this.#parts.random.hex(4);
    this.#kept = [];
    this.#nodes = new Map();
    this.#controller = '';
    this.#aloneMs = this.#parts.clock.monotonic();
    this.#looking = this.#look().finally(() => {
      this.#looking = undefined;
    });
    this.#take(await this.#parts.status());
  }

  async #look(): Promise<void> {
    const { clock, status } = this.#parts;
    for (;;) {
      try {
        await clock.sleep(lookMs, this.#closed.signal);
      } catch {
        return;
      }
      if (this.#listeners.size === 0 && clock.monotonic() - this.#aloneMs > lingerMs) return;
      const news = this.#take(await status());
      if (news.length > 0) for (const listener of this.#listeners) listener(news);
    }
  }

  /** Holds a status against the one before. */
  #take({ nodes, ...controller }: ControllerStatus): readonly Numbered[] {
    const news: Numbered[] = [];
    const seen = new Map(nodes.map((node) => [node.node, JSON.stringify(node)]));
    for (const [node, data] of seen)
      if (this.#nodes.get(node) !== data) news.push(this.#numbered('node', data));
    for (const node of this.#nodes.keys())
      if (!seen.has(node)) news.push(this.#numbered('gone', JSON.stringify({ node })));
    this.#nodes = seen;
    // The age of the last proof changes with every look and is no news.
    const { proofAgeMs: _age, ...source } = controller.source;
    const rest = JSON.stringify({ ...controller, source });
    if (rest !== this.#controller) news.push(this.#numbered('controller', JSON.stringify(controller)));
    this.#controller = rest;
    this.#kept = [...this.#kept, ...news].slice(-mostKept);
    return news;
  }

  #numbered(event: FeedEvent['event'], data: string): Numbered {
    this.#number += 1;
    return { id: this.#idOf(this.#number), event, data };
  }

  #idOf(number: number): string {
    return `${this.#run}-${String(number)}`;
  }

  /** Everything, under the number of the newest event: what follows is newer. */
  async #whole(): Promise<Numbered> {
    const id = this.#idOf(this.#number);
    return { id, event: 'status', data: JSON.stringify(await this.#parts.status()) };
  }

  #since(after: string | undefined): readonly Numbered[] | undefined {
    if (after === undefined) return undefined;
    if (after === this.#idOf(this.#number)) return [];
    const index = this.#kept.findIndex(({ id }) => id === after);
    return index < 0 ? undefined : this.#kept.slice(index + 1);
  }
}
