import { createScanner } from 'jsonc-parser';
import { isJsonPath } from '../../model/registry-texts.ts';
import { isSealed } from './envelope.ts';

/** A sealed value in a text, with the place of its string, quotes included. */
export interface SealedString {
  readonly value: string;
  readonly offset: number;
  readonly length: number;
  /** Names of fields and numbers of items that lead to it. */
  readonly path: readonly string[];
}

/** False where a text certainly holds no sealed value; JSON may write any letter as an escape. */
export function mayHold(text: string): boolean {
  return text.includes('age:') || text.includes(String.raw`\u00`);
}

/** The sealed values in the text of a data key: string values of JSON, or the text itself. A text that is no JSON has none. */
export function sealedStrings(key: string, text: string): readonly SealedString[] {
  if (!isJsonPath(key)) {
    const value = text.trim();
    return isSealed(value) ? [{ value, offset: text.indexOf(value), length: value.length, path: [] }] : [];
  }
  return mayHold(text) && isJson(text) ? inJson(text) : [];
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

interface Frame {
  readonly isList: boolean;
  index: number;
  key: string;
  expectsKey: boolean;
}

// The parser's own names are a const enum, which isolated modules cannot read.
const tokens = {
  openBrace: 1,
  closeBrace: 2,
  openBracket: 3,
  closeBracket: 4,
  comma: 5,
  string: 10,
  end: 17,
};

/** A scanner and a stack of our own: a hostile depth must not exhaust the call stack. */
function inJson(text: string): readonly SealedString[] {
  const scanner = createScanner(text, true);
  const stack: Frame[] = [];
  const found: SealedString[] = [];
  const begin = (isList: boolean): void => {
    stack.push({ isList, index: 0, key: '', expectsKey: !isList });
  };
  for (let token: number = scanner.scan(); token !== tokens.end; token = scanner.scan()) {
    const top = stack.at(-1);
    if (token === tokens.openBrace || token === tokens.openBracket) begin(token === tokens.openBracket);
    else if (token === tokens.closeBrace || token === tokens.closeBracket) stack.pop();
    else if (top !== undefined && token === tokens.comma) {
      top.index += 1;
      top.expectsKey = !top.isList;
    } else if (token === tokens.string) {
      const value = scanner.getTokenValue();
      if (top?.expectsKey === true) {
        top.key = value;
        top.expectsKey = false;
      } else if (isSealed(value)) {
        const path = stack.map((frame) => (frame.isList ? String(frame.index) : frame.key));
        found.push({ value, offset: scanner.getTokenOffset(), length: scanner.getTokenLength(), path });
      }
    }
  }
  return found;
}
