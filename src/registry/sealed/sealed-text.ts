import { learnSecret, sealedMark } from '../../lib/veil.ts';
import type { Grammar, Verdict } from '../grammar.ts';
import { isSealed } from './envelope.ts';
import type { Opened } from './keyring.ts';
import { openedOf } from './opened.ts';

/** A sealed value among those of a registry: nothing that prints values can print what is in it. */
export class SealedText {
  readonly #envelope: string;
  readonly #opened: Opened;

  constructor(envelope: string) {
    this.#envelope = envelope;
    this.#opened = openedOf(envelope);
  }

  /** What it says where it could be opened, for a grammar alone. */
  get opened(): Opened {
    return this.#opened;
  }

  toJSON(): string {
    return this.#envelope;
  }

  toString(): string {
    return sealedMark;
  }
}

/** True for a sealed value that nobody here can read. */
export function isLocked(value: unknown): boolean {
  return value instanceof SealedText && !value.opened.ok;
}

/** What a locked value is reported as. */
export function lockedReason(value: unknown): string {
  const opened = value instanceof SealedText ? value.opened : undefined;
  return opened?.ok === false ? opened.reason : '';
}

/** What a grammar says of a value, sealed or not. What it made of a sealed one is as secret. */
export function judged<T>(grammar: Grammar<T>, value: unknown): Verdict<T> {
  if (!(value instanceof SealedText)) return grammar(value);
  const { opened } = value;
  if (!opened.ok) return { ok: false, expected: `a sealed value that can be opened (${opened.reason})` };
  const verdict = grammar(opened.plain);
  if (verdict.ok && typeof verdict.value === 'string') learnSecret(verdict.value);
  return verdict;
}

/** The content of a fresh piece of JSON with its sealed strings in wrappers; a loop, since depth is hostile. */
export function withSealed(root: unknown): unknown {
  const holder: Record<string, unknown> = { root };
  const open: Record<string | number, unknown>[] = [holder];
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    for (const [name, value] of Object.entries(part)) {
      // `__proto__` is a name like any other here.
      if (typeof value === 'string' && isSealed(value))
        Object.defineProperty(part, name, { value: new SealedText(value), enumerable: true });
      else if (typeof value === 'object' && value !== null)
        open.push(value as Record<string | number, unknown>);
    }
  }
  return holder['root'];
}
