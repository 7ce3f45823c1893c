/** One row of a table: its cells as written, without the bars. */
export type Row = readonly string[];

/** The rows of every table of a document, without headings and rulers. */
export function tableRows(text: string): readonly Row[] {
  const rows: Row[] = [];
  for (const line of outsideCode(text)) {
    if (!line.startsWith('|')) continue;
    const cells = cellsOf(line);
    // What stands above the ruler is the heading.
    if (cells.every((cell) => /^:?-+:?$/u.test(cell))) rows.pop();
    else rows.push(cells);
  }
  return rows;
}

function cellsOf(line: string): Row {
  return line
    .trim()
    .replace(/^\|/u, '')
    .replace(/\|$/u, '')
    .split(/(?<!\\)\|/u)
    .map((cell) => cell.trim().replaceAll('\\|', '|'));
}

/** The anchors that the headings of a document make, as a forge makes them. */
export function anchorsOf(text: string): ReadonlySet<string> {
  const headings = outsideCode(text).flatMap((line) => /^#{1,6}\s+(.*)$/u.exec(line)?.[1] ?? []);
  return new Set(headings.map(slug));
}

function slug(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(/\s/gu, '-');
}

/** Targets of the links of a document that lead to files or headings of ours. */
export function linksOf(text: string): readonly string[] {
  const links = outsideCode(text).flatMap((line) =>
    [...line.matchAll(/\]\(([^)\s]+)\)/gu)].map((match) => match[1] ?? ''),
  );
  return links.filter((target) => !/^[a-z]+:/u.test(target));
}

/** What stands between single backticks, and every line of the code blocks. */
export function codeOf(text: string): readonly string[] {
  const blocks = text.split('\n').filter((_, index, lines) => insideCode(lines, index));
  const inline = outsideCode(text).flatMap((line) =>
    [...line.matchAll(/`([^`]+)`/gu)].map((match) => match[1] ?? ''),
  );
  return [...blocks, ...inline.map((code) => code.replaceAll('\\|', '|'))];
}

function outsideCode(text: string): readonly string[] {
  const lines = text.split('\n');
  const fences = fenceLines(lines);
  return lines.filter((_, index) => fences[index] === false);
}

function insideCode(lines: readonly string[], index: number): boolean {
  return fenceLines(lines)[index] === true && !/^\s*```/u.test(lines[index] ?? '');
}

const known = new WeakMap<readonly string[], readonly boolean[]>();

/** For every line: does it belong to a code block, fences included. */
function fenceLines(lines: readonly string[]): readonly boolean[] {
  const found = known.get(lines);
  if (found !== undefined) return found;
  let open = false;
  const inside = lines.map((line) => {
    const fence = /^\s*```/u.test(line);
    if (fence) open = !open;
    return open || fence;
  });
  known.set(lines, inside);
  return inside;
}
