import type { Clock } from '../lib/clock.ts';
import type { Pause } from '../store/records.ts';
import type { ControllerParts } from './parts.ts';

// The wall clock may be set: an end that is far away is looked at again now and then.
const longestMs = 60_000;

export interface ThawParts {
  readonly clock: Clock;
  /** Holds in force. */
  readonly pauses: () => readonly Pause[];
  /** Freezes that will begin. */
  readonly upcoming?: () => readonly Pause[];
  /** Called once a freeze that was planned has begun. */
  readonly onBegin?: (pause: Pause) => void;
  /** Called once a freeze has ended by its own time. */
  readonly onEnd: (pause: Pause) => void;
}

/** Notices the end of freezes, so that what waited for it is pushed then and not an hour later. */
export class Thaw {
  private readonly parts: ThawParts;
  private waiting = new AbortController();

  constructor(parts: ThawParts) {
    this.parts = parts;
  }

  /** A freeze was set or taken away. */
  stir(): void {
    this.waiting.abort();
  }

  /** Works until the signal fires. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, pauses, onEnd, onBegin } = this.parts;
    let known: readonly Pause[] = [];
    while (!signal.aborted) {
      const held = pauses().filter(({ expires }) => expires !== undefined);
      const scopes = new Set(held.map(({ scope }) => scope));
      const before = new Set(known.map(({ scope }) => scope));
      for (const one of held) if (one.starts !== undefined && !before.has(one.scope)) onBegin?.(one);
      for (const gone of known) if (!scopes.has(gone.scope) && this.isOver(gone)) onEnd(gone);
      known = held;
      const upcoming = this.parts.upcoming?.() ?? [];
      this.waiting = new AbortController();
      const nextMs = Math.min(
        longestMs,
        ...held.map(({ expires }) => Date.parse(expires ?? '') - clock.now()),
        ...upcoming.map(({ starts }) => Date.parse(starts ?? '') - clock.now()),
      );
      const sleep =
        held.length + upcoming.length === 0
          ? forever(AbortSignal.any([signal, this.waiting.signal]))
          : this.sleep(nextMs, signal);
      await sleep;
    }
  }

  private isOver({ expires }: Pause): boolean {
    return expires !== undefined && Date.parse(expires) <= this.parts.clock.now();
  }

  private async sleep(ms: number, signal: AbortSignal): Promise<void> {
    const until = AbortSignal.any([signal, this.waiting.signal]);
    await this.parts.clock.sleep(Math.max(1, ms + 1), until).catch(() => undefined);
  }
}

/** Follows the freezes of a controller. */
export function thawOver(
  parts: Pick<ControllerParts, 'clock' | 'decisions' | 'log'>,
  onEnd: (pause: Pause) => void,
): Thaw {
  const { clock, decisions, log } = parts;
  return new Thaw({
    clock,
    pauses: () => decisions.pauses(),
    upcoming: () => decisions.upcoming(),
    onBegin: ({ scope }) => {
      log.info('a planned freeze has begun', { scope });
    },
    onEnd,
  });
}

async function forever(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener(
      'abort',
      () => {
        resolve();
      },
      { once: true },
    );
  });
}
