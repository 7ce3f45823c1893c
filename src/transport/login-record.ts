import { backoffMs } from '../lib/backoff.ts';
import type { TransportSettings } from './settings.ts';
import { TransportFailure } from './transport.ts';

/** A little more than the longest penalty of sshd (PerSourcePenalties, 10 minutes): whoever waits that long is let in. */
export const longestDropMs = 660_000;
/** A refused login is tried again before the hourly look comes round. */
const longestRefusalMs = 3_000_000;

/** Logins that a host refused: who we were, with what, and when it is worth another try. */
interface Refusal {
  readonly stamp: string;
  readonly failure: TransportFailure;
  readonly times: number;
  readonly untilMs: number;
}

export type LoginLimits = Pick<
  TransportSettings,
  'loginBurst' | 'loginRefillMs' | 'throttleMs' | 'authRetryMs'
>;

/** What one sshd has seen of our logins, and what it may see next. Reads no clock: times are handed in. */
export class LoginRecord {
  /** The moment at which the bucket is full again. */
  #fullAtMs = 0;
  #drops = 0;
  #notBeforeMs = 0;
  readonly #refusals = new Map<string, Refusal>();
  /** Those who wait for their turn or try just now, and those of them who wait. */
  visitors = 0;
  waiting = 0;
  /** Fires when the one who tries a host that dropped us knows more. */
  probe: PromiseWithResolvers<undefined> | undefined;

  /** Connections in a row that the host dropped before its banner. */
  get drops(): number {
    return this.#drops;
  }

  /** Takes a token. @returns how long to wait for it. */
  take(nowMs: number, { loginBurst, loginRefillMs }: LoginLimits): number {
    this.#fullAtMs = Math.max(this.#fullAtMs, nowMs) + loginRefillMs;
    return Math.max(0, this.#fullAtMs - loginBurst * loginRefillMs - nowMs);
  }

  /** Gives a token back that the host has seen nothing of. */
  giveBack({ loginRefillMs }: LoginLimits): void {
    this.#fullAtMs -= loginRefillMs;
  }

  /** How long somebody who came now would wait. */
  waitMs(nowMs: number, { loginBurst, loginRefillMs }: LoginLimits): number {
    const bucketMs = Math.max(this.#fullAtMs, nowMs) + loginRefillMs * (1 - loginBurst) - nowMs;
    return Math.max(0, bucketMs, this.dropWaitMs(nowMs));
  }

  /** How long a host that dropped us is left alone still. */
  dropWaitMs(nowMs: number): number {
    return Math.max(0, this.#notBeforeMs - nowMs);
  }

  /** The host closed before its banner: each time it is left alone twice as long. `spread` is from 0 to 1. */
  dropped(nowMs: number, { throttleMs }: LoginLimits, spread: number): void {
    this.#drops += 1;
    const waitMs = backoffMs({ baseMs: throttleMs, factor: 2, maxMs: longestDropMs }, this.#drops);
    this.#notBeforeMs = nowMs + waitMs * (1 + spread / 10);
  }

  /** The host spoke: it does not drop us. */
  answered(): void {
    this.#drops = 0;
    this.#notBeforeMs = 0;
  }

  refused(
    who: string,
    refusal: Pick<Refusal, 'stamp' | 'failure'>,
    at: { nowMs: number } & LoginLimits,
  ): void {
    const times = (this.#refusals.get(who)?.times ?? 0) + 1;
    const waitMs = backoffMs({ baseMs: at.authRetryMs, factor: 2, maxMs: longestRefusalMs }, times);
    this.#refusals.set(who, { ...refusal, times, untilMs: at.nowMs + waitMs });
  }

  welcomed(who: string): void {
    this.#refusals.delete(who);
  }

  /** The failure that the same keys would meet again. */
  refusalOf(who: string, stamp: string, nowMs: number): TransportFailure | undefined {
    const refusal = this.#refusals.get(who);
    if (refusal === undefined || refusal.untilMs <= nowMs || refusal.stamp !== stamp) return undefined;
    const { causeClass, message, reached } = refusal.failure;
    const seconds = String(Math.ceil((refusal.untilMs - nowMs) / 1_000));
    return new TransportFailure(
      causeClass,
      `${message}; not tried again for ${seconds} s unless a key changes or somebody pushes`,
      reached,
    );
  }

  /** True where nothing is left to remember. */
  isSpent(nowMs: number): boolean {
    if (this.visitors > 0 || this.probe !== undefined) return false;
    const quietMs = Math.max(this.#fullAtMs, this.#drops === 0 ? 0 : this.#notBeforeMs + longestDropMs);
    const refusals = [...this.#refusals.values()];
    return quietMs <= nowMs && refusals.every(({ untilMs }) => untilMs + longestRefusalMs <= nowMs);
  }
}
