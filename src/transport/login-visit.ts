import type { Clock } from '../lib/clock.ts';
import type { CauseClass } from '../model/cause.ts';
import { abortable } from './deadline.ts';
import type { LoginLimits, LoginRecord } from './login-record.ts';
import type { Pace } from './pace.ts';
import { TransportFailure } from './transport.ts';

export interface LoginVisitParts {
  readonly record: LoginRecord;
  readonly limits: LoginLimits;
  /** Of all logins together; none for a host that is only passed through, for the one behind it waits its turn there. */
  readonly pace: Pace | undefined;
  readonly clock: Clock;
  /** As whom, and with which keys by name. */
  readonly who: string;
  /** The keys as they are now. */
  readonly stamp: () => Promise<string>;
  readonly insist: boolean;
  /** From 0 to 1: many who were dropped together do not return together. */
  readonly spread: () => number;
}

/** The host's sshd has seen nothing of such an attempt. */
const unseen: ReadonlySet<CauseClass> = new Set(['refused', 'unreachable', 'dns', 'internal']);
const refusing: ReadonlySet<CauseClass> = new Set(['auth', 'key_unusable']);

/** One login at one host: waits for its turn, and tells what came of it. */
export class LoginVisit {
  readonly #parts: LoginVisitParts;
  #state: 'outside' | 'inside' | 'over' = 'outside';
  #stamp = '';
  #probe: PromiseWithResolvers<undefined> | undefined;
  #paced: ((made: boolean) => void) | undefined;

  constructor(parts: LoginVisitParts) {
    this.#parts = parts;
  }

  /**
   * Waits until the host may see one more login, and this machine may begin one.
   * @throws TransportFailure of the last login where the same keys would be refused again, or the signal's reason.
   */
  async enter(signal: AbortSignal): Promise<void> {
    const { record, limits, clock, who, insist } = this.#parts;
    this.#stamp = await this.#parts.stamp();
    signal.throwIfAborted();
    const refusal = insist ? undefined : record.refusalOf(who, this.#stamp, clock.monotonic());
    if (refusal !== undefined) throw refusal;
    record.visitors += 1;
    record.waiting += 1;
    try {
      const waitMs = record.take(clock.monotonic(), limits);
      if (waitMs > 0) await clock.sleep(waitMs, signal).catch(() => undefined);
      await this.#passDrops(signal);
      this.#paced = await this.#parts.pace?.enter(signal);
      this.#state = 'inside';
    } catch (error) {
      record.visitors -= 1;
      this.#endProbe();
      record.giveBack(limits);
      throw error;
    } finally {
      record.waiting -= 1;
    }
  }

  /** The login was made. `seen` is false for a host that was only passed through: many come that way, and none is counted. */
  succeeded(seen = true): void {
    if (this.#leave(true)) {
      const { record, limits, who } = this.#parts;
      record.answered();
      record.welcomed(who);
      if (!seen) record.giveBack(limits);
    }
  }

  /** The login was not made. */
  failed(error: unknown): void {
    if (!this.#leave(false)) return;
    const { record, limits, clock, who, spread } = this.#parts;
    if (!(error instanceof TransportFailure)) return;
    const nowMs = clock.monotonic();
    if (unseen.has(error.causeClass)) record.giveBack(limits);
    else if (error.causeClass === 'throttled') record.dropped(nowMs, limits, spread());
    else if (error.reached) record.answered();
    if (refusing.has(error.causeClass) && error.reached)
      record.refused(who, { stamp: this.#stamp, failure: error }, { nowMs, ...limits });
  }

  /** A host that dropped us is asked by one at a time. */
  async #passDrops(signal: AbortSignal): Promise<void> {
    const { record, clock } = this.#parts;
    for (;;) {
      signal.throwIfAborted();
      const waitMs = record.dropWaitMs(clock.monotonic());
      if (waitMs > 0) await clock.sleep(waitMs, signal).catch(() => undefined);
      else if (record.probe === undefined) break;
      else await abortable(record.probe.promise, signal);
    }
    if (record.drops === 0) return;
    this.#probe = Promise.withResolvers<undefined>();
    record.probe = this.#probe;
  }

  #leave(made: boolean): boolean {
    const inside = this.#state === 'inside';
    this.#state = 'over';
    if (!inside) return false;
    this.#parts.record.visitors -= 1;
    this.#paced?.(made);
    // A session keeps its visit as long as it lives; what the visit waited with is done.
    this.#paced = undefined;
    this.#endProbe();
    return true;
  }

  #endProbe(): void {
    if (this.#probe === undefined) return;
    this.#parts.record.probe = undefined;
    this.#probe.resolve(undefined);
    this.#probe = undefined;
  }
}
