import type { TextEdit } from './text-edit.ts';

/** The text an edit is made for, its line end, and whether values may be written as literal blocks. */
export interface Page {
  readonly text: string;
  readonly eol: string;
  readonly blocks: boolean;
}

/** An edit that puts whole lines after the line in which `offset` stands. */
export function linesAfter({ text, eol }: Page, offset: number, lines: string): TextEdit {
  const newline = text.indexOf('\n', offset);
  const at = endsLine(text, offset) ? offset : newline < 0 ? text.length : newline + 1;
  return { start: at, end: at, text: (endsLine(text, at) ? '' : eol) + lines };
}

/** How far a position stands from the start of its line. */
export function columnOf(text: string, offset: number): number {
  return offset - (text.lastIndexOf('\n', offset - 1) + 1);
}

const endsLine = (text: string, offset: number): boolean => offset === 0 || text[offset - 1] === '\n';

/** Start of a YAML node's own text, its anchor and tag excluded. */
export function startOf(node: unknown): number {
  return rangeOf(node)[0];
}

/** End of a YAML node's own text, a comment after it excluded. */
export function endOf(node: unknown): number {
  return rangeOf(node)[1];
}

function rangeOf(node: unknown): readonly [number, number] {
  const range: unknown =
    typeof node === 'object' && node !== null && 'range' in node ? node.range : undefined;
  if (!Array.isArray(range)) return [0, 0];
  const [start, end] = range as readonly unknown[];
  return typeof start === 'number' && typeof end === 'number' ? [start, end] : [0, 0];
}
