import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { brokenTests, testCites } from './cites.ts';
import { tableRows, type Row } from './markdown.ts';
import { root, titlesIn, titlesOf } from './titles.ts';

const ids = Array.from({ length: 64 }, (_, index) => `B${String(index + 1)}`);
const rows = tableRows(readFileSync(join(root, 'docs/bugs.md'), 'utf8'));

/** Every file below test/ whose text holds the number of a bug, except these documents' own tests. */
const sources = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.startsWith('docs/'))
  .map((path) => `test/${path}`)
  .filter((path) => /\bB\d{1,2}\b/u.test(readFileSync(join(root, path), 'utf8')));

/** What is wrong with a row: `bug | what went wrong | ours | caught by`. */
function problems(row: Row): readonly string[] {
  const [id = '', wrong = '', ours = '', caught = ''] = row;
  const found: string[] = [...brokenTests(caught)];
  if (row.length !== 4 || wrong === '' || ours === '') found.push('expected four cells that say something');
  const cites = testCites(caught);
  for (const { title } of cites)
    if (!names(title, id)) found.push(`the title "${title}" does not name ${id}`);
  const elsewhere = /^not our ground: .{20,}/u.test(ours);
  if (elsewhere !== (caught === '-'))
    found.push('expected either a reason why it is not our ground and "-", or a test');
  if (!elsewhere && cites.length === 0) found.push('is on our ground and names no test');
  return found.map((problem) => `${id}: ${problem}`);
}

/** B9 also stands in "B8, B9" and "(B9)", never in B90. */
function names(title: string, id: string): boolean {
  return new RegExp(`\\b${id}\\b`, 'u').test(title);
}

describe('docs/bugs.md', () => {
  it('has one row for each of the 64 bugs, in their order', () => {
    expect(rows.map(([id]) => id)).toEqual(ids);
  });

  it('names for every bug of our ground a test that exists and carries its number', () => {
    expect(rows.flatMap((row) => problems(row))).toEqual([]);
  });

  it('calls no bug foreign that a test carries', () => {
    const carried = new Set(
      sources.flatMap((path) => titlesOf(path).flatMap(({ text }) => text.match(/\bB\d{1,2}\b/gu) ?? [])),
    );
    expect(
      rows.filter(([id = '', , , caught]) => caught === '-' && carried.has(id)).map(([id]) => id),
    ).toEqual([]);
  });

  it.each([
    [
      'a test that is not there',
      '`test/docs/bugs.test.ts > B7: keeps the row`',
      'B7: test/docs/bugs.test.ts has no test "B7: keeps the row"',
    ],
    ['no test', '', 'B7: is on our ground and names no test'],
    [
      'a title without the number',
      '`test/docs/bugs.test.ts > calls no bug foreign that a test carries`',
      'B7: the title "calls no bug foreign that a test carries" does not name B7',
    ],
  ])('is refused with a row that claims %s', (_what, caught, problem) => {
    expect(problems(['B7', 'lost rows', 'text edits', caught])).toContain(problem);
  });
});

describe('the titles of a test file', () => {
  it('are found in every spelling, and a test that is switched off is known as such', () => {
    const source =
      "it('one', f); describe.each(x)('two', f); it.each([['no']])(`three`, f); it.skip('four', f); it.skipIf(c)('five', f); say('six');";
    expect(titlesIn(source)).toEqual([
      { text: 'one', off: false },
      { text: 'two', off: false },
      { text: 'three', off: false },
      { text: 'four', off: true },
      { text: 'five', off: false },
    ]);
  });
});
