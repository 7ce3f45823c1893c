import { SyncError } from '../lib/errors.ts';
import { maskText } from '../lib/mask.ts';
import { printable } from '../lib/text.ts';

/** What is wrong with one setting, in the four parts that every refusal names. */
export interface Wrong {
  /** File with line, variable or option, and the dotted path. */
  readonly place: string;
  readonly expected: string;
  readonly value: unknown;
  readonly remedy: string;
}

/** One sentence: where, what was expected, what was found, what to do. */
export function refusal(wrong: Wrong): SyncError {
  return new SyncError(
    'config',
    `${wrong.place}: expected ${wrong.expected}, got ${shown(wrong.value)}; ${wrong.remedy}`,
    { remedy: wrong.remedy },
  );
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = maskText(typeof value === 'number' ? String(value) : JSON.stringify(value));
  return printable(text.length > 80 ? `${text.slice(0, 77)}…` : text);
}

/** The word of the list that was probably meant, if one is near. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const limit = Math.max(1, Math.floor(word.length / 3));
  const ranked = candidates
    .map((candidate) => ({ candidate, steps: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ steps }) => steps <= limit)
    .sort((a, b) => a.steps - b.steps);
  return ranked[0]?.candidate;
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
