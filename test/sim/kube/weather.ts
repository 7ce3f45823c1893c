import type { Dice } from '../kernel/dice.ts';

/** How the way to the API server is at the moment. */
export type Sky =
  | 'fair'
  | 'refused'
  | 'silent'
  | 'failing'
  | 'throttling'
  | 'unauthorised'
  | 'forbidden'
  | 'slow'
  | 'truncating'
  | 'garbage';

/** What becomes of one request. */
export type Fate =
  | { readonly kind: 'answer'; readonly upMs: number; readonly downMs: number }
  /** Done by the server, and the answer gets lost. */
  | { readonly kind: 'lost'; readonly upMs: number; readonly downMs: number }
  | { readonly kind: 'cut'; readonly upMs: number; readonly downMs: number }
  | { readonly kind: 'nonsense'; readonly upMs: number; readonly downMs: number }
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly afterMs: number;
      readonly retryAfter?: number;
    }
  | { readonly kind: 'refused'; readonly afterMs: number }
  | { readonly kind: 'never' };

/** The weather over the API server, changed by the script. */
export class Weather {
  sky: Sky = 'fair';
  /** Writes meet somebody who was faster, this often. */
  conflicts = 0;
  /** Watches stay open and say nothing. */
  watchesSilent = false;
  /** Watch events come twice or garbled, this often. */
  watchNoise = 0;
  /** Some objects cannot be reached, the others can. */
  blindTo: 'nothing' | 'registries' | 'terms' = 'nothing';
  /** Reads are served from a store that is this many versions of an object behind. */
  behind = 0;
  private readonly dice: Dice;

  constructor(dice: Dice) {
    this.dice = dice;
  }

  clear(): void {
    this.sky = 'fair';
    this.conflicts = 0;
    this.watchesSilent = false;
    this.watchNoise = 0;
    this.behind = 0;
    this.blindTo = 'nothing';
  }

  fate(isWrite: boolean, name: string | undefined): Fate {
    const { dice } = this;
    const ways = { upMs: 0.5 + dice.unit() * 4, downMs: 0.5 + dice.unit() * 4 };
    if (this.hides(name)) return { kind: 'status', status: 503, afterMs: ways.upMs };
    switch (this.sky) {
      case 'fair':
        return { kind: 'answer', ...ways };
      case 'refused':
        return { kind: 'refused', afterMs: ways.upMs };
      case 'silent':
        return { kind: 'never' };
      case 'failing':
        return this.failing(isWrite, ways);
      case 'throttling':
        return dice.chance(0.7)
          ? { kind: 'status', status: 429, afterMs: ways.upMs, retryAfter: dice.int(1, 8) }
          : { kind: 'answer', ...ways };
      case 'unauthorised':
        return { kind: 'status', status: 401, afterMs: ways.upMs };
      case 'forbidden':
        return { kind: 'status', status: 403, afterMs: ways.upMs };
      case 'slow':
        return { kind: 'answer', upMs: dice.unit() * 6000, downMs: dice.unit() * 6000 };
      case 'truncating':
        return dice.chance(0.6) ? { kind: 'cut', ...ways } : { kind: 'answer', ...ways };
      case 'garbage':
        return dice.chance(0.6) ? { kind: 'nonsense', ...ways } : { kind: 'answer', ...ways };
    }
  }

  private hides(name: string | undefined): boolean {
    if (this.blindTo === 'nothing') return false;
    const isTerm = name === 'sync-controller-term';
    const isStatus = name?.startsWith('sync-controller-status') === true;
    return this.blindTo === 'terms' ? isTerm : !isTerm && !isStatus;
  }

  private failing(isWrite: boolean, ways: { upMs: number; downMs: number }): Fate {
    const { dice } = this;
    if (isWrite && dice.chance(0.3)) return { kind: 'lost', ...ways };
    if (dice.chance(0.7))
      return { kind: 'status', status: dice.pick([500, 502, 503, 504]), afterMs: ways.upMs };
    return { kind: 'answer', ...ways };
  }
}
