import { createScanner } from 'jsonc-parser';
import { messageOf } from '../lib/errors.ts';
import { evidenceOf } from '../lib/text.ts';

/** The value of one data key: its JSON, an explicit nothing, or why it is no JSON. */
export type JsonText =
  | { readonly kind: 'value'; readonly value: unknown; readonly duplicates: readonly (readonly string[])[] }
  | { readonly kind: 'empty' }
  | { readonly kind: 'invalid'; readonly reason: string };

/** Reads strict JSON. A blank text is the explicit empty registry of old clusters, never an error. */
export function readJson(text: string): JsonText {
  if (text.trim() === '') return { kind: 'empty' };
  try {
    return { kind: 'value', value: JSON.parse(text), duplicates: duplicateKeys(text) };
  } catch (error) {
    return { kind: 'invalid', reason: evidenceOf(messageOf(error), 160) };
  }
}

interface Frame {
  /** The keys seen in an object; undefined in a list. */
  readonly keys: Set<string> | undefined;
  key: string;
  index: number;
  expectsKey: boolean;
}

const maxReported = 100;

// The parser's own names are a const enum, which isolated modules cannot read.
const tokens = {
  openBrace: 1,
  closeBrace: 2,
  openBracket: 3,
  closeBracket: 4,
  comma: 5,
  string: 10,
  end: 17,
} as const;

/** Paths of keys that appear twice in one object, which JSON.parse drops silently. The text is known to be valid JSON. */
function duplicateKeys(text: string): readonly (readonly string[])[] {
  // A scanner and a stack of our own: a hostile depth must not exhaust the call stack.
  const scanner = createScanner(text, true);
  const stack: Frame[] = [];
  const found: (readonly string[])[] = [];
  for (
    let token: number = scanner.scan();
    token !== tokens.end && found.length < maxReported;
    token = scanner.scan()
  ) {
    const top = stack.at(-1);
    if (token === tokens.openBrace) stack.push({ keys: new Set(), key: '', index: 0, expectsKey: true });
    else if (token === tokens.openBracket)
      stack.push({ keys: undefined, key: '', index: 0, expectsKey: false });
    else if (token === tokens.closeBrace || token === tokens.closeBracket) stack.pop();
    else if (top === undefined) continue;
    else if (token === tokens.comma) next(top);
    else if (token === tokens.string && top.expectsKey && top.keys !== undefined) {
      top.key = scanner.getTokenValue();
      top.expectsKey = false;
      if (top.keys.has(top.key))
        found.push(stack.map((frame) => (frame.keys === undefined ? String(frame.index) : frame.key)));
      top.keys.add(top.key);
    }
  }
  return found;
}

function next(frame: Frame): void {
  frame.index += 1;
  frame.expectsKey = frame.keys !== undefined;
}
