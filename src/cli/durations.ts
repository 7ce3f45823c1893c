import { isoSeconds } from '../lib/clock.ts';
import { wrongWord } from './words.ts';

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** Seconds of a duration such as `60s`, `30m`, `2h`, `3d`. */
export function secondsOf(word: string, place: string, bounds: { least: number; most: number }): number {
  const [, count = '', unit = ''] = /^(\d{1,6})([smhd])$/u.exec(word) ?? [];
  const seconds = Number(count) * (units[unit] ?? Number.NaN);
  if (seconds >= bounds.least && seconds <= bounds.most) return seconds;
  throw wrongWord(
    {
      place,
      expected: `a duration from ${String(bounds.least)}s to ${String(bounds.most)}s`,
      remedy: 'such as 60s, 30m, 2h or 3d',
    },
    word,
  );
}

/** A moment as ISO time in UTC. A time without a zone is that of this machine. */
export function momentOf(word: string, place: string): string {
  const form = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2})?)?$/u;
  const at = form.test(word) ? Date.parse(word.replace(' ', 'T')) : Number.NaN;
  if (!Number.isNaN(at)) return isoSeconds(at);
  throw wrongWord(
    {
      place,
      expected: 'a date, or a date with a time',
      remedy: 'such as 2026-12-24T18:00 or 2026-12-24T18:00Z',
    },
    word,
  );
}
