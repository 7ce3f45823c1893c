// The table of README.md: every case once, every named test where it says.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const tests = join(import.meta.dirname, '..');
const readme = readFileSync(join(import.meta.dirname, 'README.md'), 'utf8');
const rows = readme
  .split('\n')
  .filter((line) => /^\| \d+ \|/u.test(line))
  .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| | \|$/gu, '')));
const named = rows.flatMap(([number = '', , cell = '']) =>
  [...cell.matchAll(/`([\w./-]+)` "([^"]+)"/gu)].map(([, file = '', name = '']) => ({ number, file, name })),
);

describe('the map of the fault cases', () => {
  it('has the cases 1 to 41, each once, with a state, a remedy and a test', () => {
    expect(rows.map(([number]) => Number(number))).toEqual(Array.from({ length: 41 }, (_, at) => at + 1));
    for (const row of rows) {
      expect(row).toHaveLength(6);
      for (const cell of row) expect(cell.trim(), row[0]).not.toBe('');
      expect(['run', 'done', '-']).toContain(row[5]);
      expect(
        named.some(({ number }) => number === row[0]),
        row[0],
      ).toBe(true);
    }
  });

  it.each(named)('names a test that is there: $number $file $name', ({ file, name }) => {
    const path = ['.test.ts', '.ts']
      .map((end) => join(tests, `${file}${end}`))
      .find((each) => existsSync(each));
    expect(path, file).toBeDefined();
    expect(readFileSync(path ?? '', 'utf8')).toContain(name);
  });
});
