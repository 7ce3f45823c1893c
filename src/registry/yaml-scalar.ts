import { Scalar } from 'yaml';

// What a literal block cannot carry: control characters, carriage returns, odd line breaks, a BOM, lone surrogates.
const unfitForBlock =
  // eslint-disable-next-line no-control-regex -- finding control characters is the purpose
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]|\p{Surrogate}|\n\n$/u;

/** True where a literal block is the readable way to write the value. */
export function fitsBlock(value: string): boolean {
  return value.includes('\n') && !unfitForBlock.test(value) && value.trim() !== '';
}

/** A double-quoted scalar, valid in YAML and in JSON. */
export function quoted(value: string): string {
  const escape = (c: string): string => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(value).replace(/[\u007f-\u009f\u2028\u2029\ufeff]/gu, escape);
}

/** A scalar on one line, quoted as the one it replaces where that can carry the value. */
export function inlineScalar(node: Scalar, value: string): string {
  // eslint-disable-next-line no-control-regex -- single quotes carry printable text only
  const printable = !/[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff]/u.test(value);
  if (node.type === Scalar.QUOTE_SINGLE && printable) return `'${value.replaceAll("'", "''")}'`;
  const word = /^[a-z][a-z0-9./-]*$/iu.test(value) && !/^(?:true|false|null|\.inf|\.nan)$/iu.test(value);
  return node.type === Scalar.PLAIN && word ? value : quoted(value);
}

/** Where a block stands: indentation of its lines and of the mapping around it. */
export interface BlockPlace {
  readonly indent: number;
  readonly parent: number;
  readonly eol: string;
}

/** Header and body of a literal block. */
export function literalBlock(
  value: string,
  { indent, parent, eol }: BlockPlace,
): { readonly header: string; readonly body: string } {
  const lines = linesOf(value);
  const digit = needsIndicator(lines) ? String(indent - parent) : '';
  const body = lines.map((line) => indented(line, indent) + eol).join('');
  return { header: `|${digit}${value.endsWith('\n') ? '' : '-'}`, body };
}

const linesOf = (value: string): readonly string[] =>
  (value.endsWith('\n') ? value.slice(0, -1) : value).split('\n');
const indented = (line: string, indent: number): string => (line === '' ? '' : ' '.repeat(indent) + line);

/** True where the first lines would not show the block's indentation by themselves. */
function needsIndicator(lines: readonly string[]): boolean {
  const first = lines.findIndex((line) => line.trim() !== '');
  return lines.slice(0, first + 1).some((line) => line === '' || /^[ \t]/u.test(line));
}

/**
 * New text of a literal block: lines that the new value shares with the old one at both ends are copied as they stand,
 * so that odd blank lines stay; the header changes only where the value demands it. Undefined where a block cannot say it.
 */
export function editLiteral(
  source: string,
  scalar: Scalar,
  { parent, value }: { parent: number; value: string },
): string | undefined {
  const header = /^\|([1-9]?)([-+]?)([1-9]?)[^\n]*\n/u.exec(source);
  if (header === null) return undefined;
  const raw = source.slice(header[0].length).replace(/\n$/u, '').split('\n');
  const digit = `${header[1] ?? ''}${header[3] ?? ''}`;
  const width = digit === '' ? leadOf(raw) - parent : Number(digit);
  if (width <= 0) return undefined;
  const eol = header[0].endsWith('\r\n') ? '\r' : '';
  const old = raw.map((line) => line.slice(parent + width).replace(/\r$/u, ''));
  if (old.join('\n').trimEnd() !== String(scalar.value).trimEnd()) return undefined;
  const next = linesOf(value);
  const wantedDigit = digit || (needsIndicator(next) ? String(width) : '');
  const chomp = header[2] ?? '';
  const wantedChomp = !value.endsWith('\n') ? '-' : chomp === '-' ? '' : chomp;
  const same = wantedDigit === digit && wantedChomp === chomp;
  const rest = header[0].slice(1 + digit.length + chomp.length);
  const body = mergeLines(raw, { old, next, write: (line) => indented(line, parent + width) + eol });
  return (
    (same ? header[0] : `|${wantedDigit}${wantedChomp}${rest}`) +
    body.join('\n') +
    (source.endsWith('\n') ? '\n' : '')
  );
}

function leadOf(lines: readonly string[]): number {
  return /^ */u.exec(lines.find((line) => line.trim() !== '') ?? '')?.[0].length ?? 0;
}

interface Merge {
  readonly old: readonly string[];
  readonly next: readonly string[];
  readonly write: (line: string) => string;
}

function mergeLines(raw: readonly string[], { old, next, write }: Merge): readonly string[] {
  const most = Math.min(old.length, next.length);
  let head = 0;
  while (head < most && old[head] === next[head]) head++;
  let tail = 0;
  while (tail < most - head && old[old.length - 1 - tail] === next[next.length - 1 - tail]) tail++;
  return [
    ...raw.slice(0, head),
    ...next.slice(head, next.length - tail).map(write),
    ...raw.slice(raw.length - tail),
  ];
}
