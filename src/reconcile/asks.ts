import type { Actor } from '../contract/controller.ts';
import type { NodeId } from '../model/node.ts';
import type { Outcome } from '../model/outcome.ts';
import type { NodeStatus } from '../model/status.ts';
import type { Wish } from './ports.ts';

/** How one asked-for push ended. */
export interface Settled {
  readonly outcome: Outcome;
  readonly status: NodeStatus | undefined;
}

/** What people ask of one attempt, and what waits for its end. */
export interface Ask {
  readonly wish: Wish;
  readonly actor: Actor | undefined;
  readonly waiters: readonly PromiseWithResolvers<Settled>[];
}

const nothing: Ask = { wish: { takeOver: false }, actor: undefined, waiters: [] };

/** What was asked of nodes and has not begun yet. An attempt takes all of its node's; whoever asks meanwhile asks for the next one. */
export class Asks {
  readonly #open = new Map<NodeId, Ask>();

  /** Resolves with the end of the next attempt that begins. */
  async add(id: NodeId, wish: Wish, actor: Actor | undefined): Promise<Settled> {
    const waiter = Promise.withResolvers<Settled>();
    this.#join(id, { wish, actor, waiters: [waiter] });
    return waiter.promise;
  }

  /** Takes what is asked of the attempt that begins now. */
  take(id: NodeId): Ask {
    const ask = this.#open.get(id) ?? nothing;
    this.#open.delete(id);
    return ask;
  }

  /** For the next attempt, since this one has not settled it; what was asked meanwhile is newer. */
  putBack(id: NodeId, ask: Ask): void {
    const newer = this.#open.get(id);
    this.#open.set(id, ask);
    if (newer !== undefined) this.#join(id, newer);
  }

  #join(id: NodeId, newer: Ask): void {
    const older = this.#open.get(id);
    if (older === undefined || older.waiters.length === 0) {
      this.#open.set(id, newer);
      return;
    }
    this.#open.set(id, {
      wish: both(older.wish, newer.wish),
      actor: newer.actor ?? older.actor,
      waiters: [...older.waiters, ...newer.waiters],
    });
  }
}

/** The rest of a wish after its first attempt: what was asked for once was meant for that one, how a change is secured holds on. */
export function remaining({ confirmSeconds }: Wish): Wish {
  return { takeOver: false, ...(confirmSeconds === undefined ? {} : { confirmSeconds }) };
}

/** One attempt serves both: what either allows is allowed, and it only looks if nobody asks for more. */
function both(older: Wish, newer: Wish): Wish {
  return {
    ...older,
    ...newer,
    takeOver: older.takeOver || newer.takeOver,
    look: older.look === true && newer.look === true,
  };
}
