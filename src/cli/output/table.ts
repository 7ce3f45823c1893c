import { createRequire } from 'node:module';
import type Table from 'cli-table3';
import { printable } from '../../lib/text.ts';

// Loaded at the first table: most commands on a script's path print none.
const load = (): typeof Table => createRequire(import.meta.url)('cli-table3') as typeof Table;

const borders = [
  'top',
  'top-mid',
  'top-left',
  'top-right',
  'bottom',
  'bottom-mid',
  'bottom-left',
  'bottom-right',
  'left',
  'left-mid',
  'mid',
  'mid-mid',
  'right',
  'right-mid',
  'middle',
] as const;
const borderless = Object.fromEntries(borders.map((name) => [name, '']));

/** Rows under upper-case headings, two spaces between columns, no borders: kubectl's manner. Cells of unknown origin cannot move the cursor. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const Made = load();
  const drawn = new Made({
    chars: borderless,
    head: headings.map((heading) => heading.toUpperCase()),
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 3 },
  });
  for (const row of rows) drawn.push(row.map((cell) => oneLine(cell)));
  const lines = drawn.toString().split('\n');
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

function oneLine(cell: string): string {
  const text = printable(cell).replaceAll(/\s+/gu, ' ').trim();
  return text === '' ? '-' : text;
}
