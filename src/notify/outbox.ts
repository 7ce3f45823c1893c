import { within } from '../lib/abort.ts';
import { jitteredBackoffMs } from '../lib/backoff.ts';
import type { Clock } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import type { Logger } from '../lib/logger.ts';
import type { Random } from '../lib/random.ts';
import type { Alert } from './alert.ts';
import { Refused, type Target } from './delivery.ts';

export interface OutboxParts {
  readonly target: Target;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** What waits is another than before. */
  readonly onChange: () => void;
}

/** Messages that wait at most; the oldest gives way to the newest. */
export const outboxLimit = 100;

const backoff = { baseMs: 2_000, factor: 2, maxMs: 300_000 };
const shortestWaitMs = 500;
// A message that the target itself refuses for good is offered a few times: its settings may be mended meanwhile.
const finalAttempts = 5;
const oldestMs = 86_400_000;

interface Waiting {
  readonly alert: Alert;
  readonly queuedAt: number;
  refusals: number;
}

/** The messages of one target, delivered in their order, apart from every other target and from everything that causes them. */
export class Outbox {
  private readonly parts: OutboxParts;
  private readonly queue: Waiting[] = [];
  private readonly stop = new AbortController();
  private current: Waiting | undefined;
  private running: Promise<void> | undefined;
  private lost = 0;
  private failures = 0;

  constructor(parts: OutboxParts) {
    this.parts = parts;
  }

  /** Puts one message at the end, and returns at once. */
  push(alert: Alert): void {
    if (this.stop.signal.aborted) return;
    this.queue.push({ alert, queuedAt: this.parts.clock.monotonic(), refusals: 0 });
    if (this.queue.length > outboxLimit) {
      this.queue.shift();
      this.lost += 1;
    }
    this.parts.onChange();
    this.running ??= this.run().finally(() => {
      this.running = undefined;
    });
  }

  /** What is not delivered yet, the oldest first. */
  waiting(): readonly Alert[] {
    return [...(this.current === undefined ? [] : [this.current]), ...this.queue].map(({ alert }) => alert);
  }

  /** How it goes with the target. */
  health(): { readonly waiting: number; readonly lost: number; readonly failing: boolean } {
    return { waiting: this.waiting().length, lost: this.lost, failing: this.failures > 0 };
  }

  /** Waits for what is being delivered, at most this long, then ends; what waits stays in `waiting()`. */
  async close(ms: number): Promise<void> {
    const { running } = this;
    if (running !== undefined && this.failures === 0)
      await within(ms, undefined, () => running).catch(() => undefined);
    this.stop.abort(new Error('the notifier is closed'));
    await this.running;
  }

  private async run(): Promise<void> {
    for (;;) {
      this.current ??= this.queue.shift();
      if (this.current === undefined || this.stop.signal.aborted) return;
      const waitMs = await this.deliver(this.current);
      if (waitMs === undefined) {
        this.current = undefined;
        this.parts.onChange();
      } else await this.parts.clock.sleep(waitMs, this.stop.signal).catch(() => undefined);
    }
  }

  /** Offers one message. @returns how long to wait before the next attempt; undefined where it is done with. */
  private async deliver(waiting: Waiting): Promise<number | undefined> {
    const { target, log } = this.parts;
    const { lost } = this;
    try {
      const message = { alert: waiting.alert, lost };
      await within(target.timeoutMs, this.stop.signal, (signal) => target.send(message, signal));
    } catch (error) {
      return this.stop.signal.aborted ? 0 : this.failed(waiting, error);
    }
    this.lost -= lost;
    if (this.failures > 0)
      log.info('a notification target takes messages again', { target: target.name, lost });
    this.failures = 0;
    return undefined;
  }

  private failed(waiting: Waiting, error: unknown): number | undefined {
    const { target, log, clock, random } = this.parts;
    const fields = { target: target.name, kind: target.kind, place: target.place, reason: messageOf(error) };
    if (this.failures === 0)
      log.warn(
        'a notification could not be delivered; it is tried again, and the next failures are not told',
        fields,
      );
    else log.debug('a notification could not be delivered', fields);
    this.failures += 1;
    if (error instanceof Refused && error.final) waiting.refusals += 1;
    if (waiting.refusals >= finalAttempts || clock.monotonic() - waiting.queuedAt > oldestMs) {
      this.lost += 1;
      return undefined;
    }
    const drawn = Math.max(shortestWaitMs, jitteredBackoffMs(backoff, this.failures, random));
    return Math.max(drawn, error instanceof Refused ? (error.retryAfterMs ?? 0) : 0);
  }
}
