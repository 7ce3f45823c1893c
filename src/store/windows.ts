import type { Pause, Window } from './records.ts';

/** Freezes that were planned with a start of their own; several of one scope may follow each other. */
export class Windows {
  private known: readonly Window[] = [];

  /** Takes what was kept; the same one from two places counts once. */
  take(pauses: readonly Pause[]): void {
    const found = pauses.filter(isWindow);
    const names = new Set(this.known.map(nameOf));
    this.known = [...this.known, ...found.filter((one) => !names.has(nameOf(one)))];
  }

  all(): readonly Window[] {
    return this.known;
  }

  /** Those that hold now. */
  inForce(now: number): readonly Window[] {
    return this.known.filter(({ starts, expires }) => Date.parse(starts) <= now && now < Date.parse(expires));
  }

  /** Those that will hold. */
  upcoming(now: number): readonly Window[] {
    return this.known.filter(({ starts, expires }) => now < Date.parse(starts) && now < Date.parse(expires));
  }

  /** Forgets those of a scope that begin at a time or before, and all that are over. */
  drop(scope: string, before: number, now: number): void {
    this.known = this.known.filter(
      (one) => Date.parse(one.expires) > now && !(one.scope === scope && Date.parse(one.starts) <= before),
    );
  }
}

function isWindow(pause: Pause): pause is Window {
  return pause.starts !== undefined && pause.expires !== undefined;
}

function nameOf({ scope, starts, expires }: Window): string {
  return `${scope} ${starts} ${expires}`;
}
