import { SyncError } from '../lib/errors.ts';
import { quoted } from '../lib/text.ts';
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

/** A word as a message shows it; `nothing` where it was left out. */
export function shown(value: unknown): string {
  return value === undefined ? 'nothing' : quoted(value);
}

/** Hours between two passes, as `daemon [hours]` takes them; `otherwise` says what leaving them out means. */
export function hoursOf(word: string, otherwise: string): number {
  const hours = /^\d{1,4}(?:\.\d{1,6})?$/u.test(word) ? Number(word) : Number.NaN;
  if (hours >= 0.0001 && hours <= 168) return hours;
  throw wrongWord(
    { place: 'hours', expected: 'a number from 0.0001 to 168', remedy: `leave it out for ${otherwise}` },
    word,
  );
}

/** The reason of a command that demands one: whoever finds the audit must be able to read it. */
export function reasonOf(word: string | undefined): string {
  if (word !== undefined && word.trim() !== '') return word;
  throw wrongWord(
    { place: '--reason', expected: 'a reason in words', remedy: 'such as --reason "moving the VPS"' },
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

/** A number of things: `1 error`, `2 errors`. */
export function counted(number: number, thing: string): string {
  return `${String(number)} ${thing}${number === 1 ? '' : 's'}`;
}

/** The parser of an option that may be given several times. */
export function repeated(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}
