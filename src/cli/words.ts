import { SyncError } from '../lib/errors.ts';
import { printable } from '../lib/text.ts';
import type { Grammar } from '../registry/grammar.ts';

/** What a word on the command line must be. */
export interface Expectation {
  readonly place: string;
  readonly expected: string;
  readonly remedy: string;
}

/** One sentence for a wrong word: place, expectation, value, remedy. Ends with exit 64. */
export function wrongWord(what: Expectation, value: unknown): SyncError {
  return new SyncError(
    'usage',
    `${what.place}: expected ${what.expected}, got ${shown(value)}; ${what.remedy}`,
    { remedy: what.remedy },
  );
}

/** A value as a message shows it: quoted, printable, not long. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = printable(JSON.stringify(value));
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

/** Hours between two passes, as `daemon [hours]` takes them. */
export function hoursOf(word: string): number {
  const hours = /^\d{1,4}(?:\.\d{1,6})?$/u.test(word) ? Number(word) : Number.NaN;
  if (hours >= 0.0001 && hours <= 168) return hours;
  throw wrongWord(
    { place: 'hours', expected: 'a number from 0.0001 to 168', remedy: 'leave it out for one hour' },
    word,
  );
}

/** A TCP port. */
export function portOf(word: string, place: string): number {
  const port = /^\d{1,5}$/u.test(word) ? Number(word) : 0;
  if (port >= 1 && port <= 65_535) return port;
  throw wrongWord({ place, expected: 'a port from 1 to 65535', remedy: 'give a number' }, word);
}

/** A word that must pass one of the registry's grammars, in its canonical form. */
export function checked<T>(grammar: Grammar<T>, word: string, place: string): T {
  const verdict = grammar(word);
  if (verdict.ok) return verdict.value;
  throw wrongWord({ place, expected: verdict.expected, remedy: 'correct it and try again' }, word);
}

/** The parser of an option that may be given several times. */
export function repeated(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}
