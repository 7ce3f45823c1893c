import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { brokenLinks, brokenTests, testCites } from './cites.ts';
import { linksOf, tableRows, type Row } from './markdown.ts';
import { root } from './titles.ts';

const page = 'docs/conformance.md';
const text = readFileSync(join(root, page), 'utf8');
const names = readFileSync(join(root, 'test/docs/seed-003-names.txt'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));

/** Rooms of the house that may be named as the place of a wish. */
const rooms = ['http', 'notify', 'ha', 'peers', 'replication', 'config-sync'];

/** What is wrong with the table, against the list of names. */
function problems(rows: readonly Row[], wanted: readonly string[]): readonly string[] {
  const named = rows.map((row) => plain(row[0] ?? ''));
  const missing = wanted.filter((name) => !named.includes(name)).map((name) => `no row for: ${name}`);
  const extra = named
    .filter((name) => !wanted.includes(name))
    .map((name) => `not a name of the list: ${name}`);
  const twice = named
    .filter((name, index) => named.indexOf(name) !== index)
    .map((name) => `two rows for: ${name}`);
  return [...missing, ...extra, ...twice, ...rows.flatMap((row) => rowProblems(row))];
}

function rowProblems(row: Row): readonly string[] {
  const [name = '', ours = '', shown = ''] = row;
  const found = [...brokenTests(shown), ...brokenLinks(linksOf(`${ours} ${shown}`), page)];
  if (row.length !== 3) found.push(`expected 3 cells, got ${String(row.length)}`);
  if (ours === '') found.push('says nothing about ours');
  if (!isProof(shown))
    found.push(
      `expected a test, a section, a measurement, "deviates because …" or "later: <room>", got ${shown === '' ? 'nothing' : shown}`,
    );
  return found.map((problem) => `${name}: ${problem}`);
}

const targets = new Set(
  [...readFileSync(join(root, 'Makefile'), 'utf8').matchAll(/^([a-z-]+):/gmu)].map((match) => match[1]),
);

/** What is measured is shown by the target that measures it. */
function isMeasured(shown: string): boolean {
  return targets.has(/^measured by `make (?<target>[a-z-]+)`/u.exec(shown)?.groups?.['target']);
}

function isProof(shown: string): boolean {
  if (isMeasured(shown)) return true;
  if (testCites(shown).length > 0 || linksOf(shown).some((target) => target.includes('#'))) return true;
  const later = /^later: `(?<room>[a-z-]+)\/`/u.exec(shown)?.groups?.['room'];
  return /^deviates because .{20,}/u.test(shown) || (later !== undefined && rooms.includes(later));
}

function plain(cell: string): string {
  return cell.replace(/^`(.*)`$/u, '$1');
}

describe('docs/conformance.md', () => {
  it('has exactly one row with a real proof for every name of the predecessor', () => {
    expect(problems(tableRows(text), names)).toEqual([]);
  });

  it.each([
    ['a name without a row', [], 'no row for: push'],
    ['a name nobody used', [['pull', 'x', 'later: `ha/`']], 'not a name of the list: pull'],
    [
      'a second row',
      [
        ['push', 'x', 'later: `ha/`'],
        ['push', 'x', 'later: `ha/`'],
      ],
      'two rows for: push',
    ],
    [
      'a file that is not there',
      [['push', 'x', '`test/none.test.ts > pushes`']],
      'push: test/none.test.ts does not exist',
    ],
    [
      'a title that is not in the file',
      [['push', 'x', '`test/docs/conformance.test.ts > pushes`']],
      'push: test/docs/conformance.test.ts has no test "pushes"',
    ],
    [
      'a heading that is not there',
      [['push', 'x', '[here](protocol.md#pushing)']],
      'push: docs/conformance.md: docs/protocol.md has no heading #pushing',
    ],
    [
      'a room that is not planned',
      [['push', 'x', 'later: `attic/`']],
      'push: expected a test, a section, a measurement, "deviates because …" or "later: <room>", got later: `attic/`',
    ],
    [
      'a bare assertion',
      [['push', 'x', 'yes']],
      'push: expected a test, a section, a measurement, "deviates because …" or "later: <room>", got yes',
    ],
  ] as const)('is refused with %s', (_what, rows, problem) => {
    expect(problems(rows, ['push'])).toContain(problem);
  });
});
