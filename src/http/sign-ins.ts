import type { Context } from 'hono';
import type { Actor } from '../contract/controller.ts';
import { sessionRoutes } from '../contract/session.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { Allowance } from './allowance.ts';
import { addressIn } from './guards.ts';

/** Keeps what somebody has done; an audit that cannot be kept is no reason to refuse the deed. */
export type KeepDeed = (actor: Actor, action: string, detail: string) => Promise<void>;

export interface SignInParts {
  readonly keep: KeepDeed;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Refusals that are told one by one; beyond them they are counted, for whoever guesses must not drive the deeds of others out of the audit. */
const toldPerMinute = 5;
const nobody: Actor = { who: 'nobody', reason: undefined };

/** Tells the audit who has signed in to the dashboard and out of it, from where, and who was refused; never a token. */
export class SignIns {
  readonly #parts: SignInParts;
  readonly #told: Allowance;
  #untold = 0;

  constructor(parts: SignInParts) {
    this.#parts = parts;
    this.#told = new Allowance(toldPerMinute, parts.clock);
  }

  opened(context: Context, who: string): void {
    this.#keep({ who, reason: undefined }, 'session open', `from ${addressIn(context)}`);
  }

  ended(context: Context, who: string): void {
    this.#keep({ who, reason: undefined }, 'session end', `from ${addressIn(context)}`);
  }

  /** A request that was refused for its token: only a sign-in is told. */
  refused(context: Context, because: string): void {
    const { method, path } = sessionRoutes.openSession;
    if (context.req.method !== method || context.req.path !== path) return;
    if (this.#told.take('') > 0) {
      this.#untold += 1;
      return;
    }
    const address = addressIn(context);
    const more = this.#untold === 0 ? '' : `, and ${String(this.#untold)} more before it`;
    this.#untold = 0;
    this.#parts.log.warn('a sign-in to the dashboard was refused', { address, because });
    this.#keep(nobody, 'session refused', `from ${address}: ${because}${more}`);
  }

  #keep(actor: Actor, action: string, detail: string): void {
    void this.#parts.keep(actor, action, detail).catch((error: unknown) => {
      this.#parts.log.warn('a sign-in could not be kept in the audit', { action, error });
    });
  }
}
