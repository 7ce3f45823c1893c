import type { Clock } from '../lib/clock.ts';
import { Gate } from './gate.ts';

const fewest = 16;
const atFirst = 64;
const most = 512;

/**
 * How many logins are under way at once, to whatever hosts. A login is work for this machine's processor, and a thousand begun
 * together all end too late on a small one: there are more of them while they end soon, and fewer as they come to last.
 */
export class Pace {
  readonly #clock: Clock;
  readonly #soonMs: number;
  readonly #gate = new Gate(atFirst);

  /** `soonMs`: how long a login may take that leaves room for more. */
  constructor(clock: Clock, soonMs: number) {
    this.#clock = clock;
    this.#soonMs = soonMs;
  }

  /** Logins that may be under way at once now. */
  get limit(): number {
    return this.#gate.limit;
  }

  /**
   * Waits for a place; rejects with the signal's reason. One that lasts gives its place up by itself: hosts that take a connection
   * and fall silent hold nobody up. @returns gives the place up, and is told whether the login was made: how long a failure took
   * says nothing of this machine.
   */
  async enter(signal: AbortSignal): Promise<(made: boolean) => void> {
    await this.#gate.enter(signal);
    const began = this.#clock.monotonic();
    const over = new AbortController();
    const leave = (): void => {
      this.#gate.leave();
    };
    this.#clock.sleep(this.#soonMs, over.signal).then(leave, leave);
    return (made) => {
      over.abort();
      if (made) this.#learn(this.#clock.monotonic() - began);
    };
  }

  #learn(tookMs: number): void {
    const { limit, waiting } = this.#gate;
    if (tookMs > this.#soonMs) this.#gate.narrowTo(Math.max(fewest, limit - 1));
    else if (waiting > 0) this.#gate.widenTo(Math.min(most, limit + 1));
  }
}
