import { describe, expect, it } from 'vitest';
import { renewed } from './document.ts';
import { benchOptions, type Part } from './options.ts';
import type { Section } from './section.ts';
import { eachOf, median, pairRatios, percentile } from './stats.ts';

describe('the arithmetic of the benchmarks', () => {
  it('takes the middle, and the mean of the two middle ones of an even count', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(() => median([])).toThrow('nothing');
  });

  it('divides neighbours, so that a slow spell cancels', () => {
    expect(pairRatios([2, 20, 4], [1, 10, 2])).toEqual([2, 2, 2]);
  });

  it('takes the value that a part of them does not exceed', () => {
    const values = Array.from({ length: 200 }, (_, index) => index + 1);
    expect(percentile(values, 0.99)).toBe(198);
    expect(percentile([3, 1, 2], 0.99)).toBe(3);
    expect(() => percentile([], 0.5)).toThrow('nothing');
  });

  it('works on every item, never on more at once than there are places', async () => {
    let [inside, most, done] = [0, 0, 0];
    await eachOf([1, 2, 3, 4, 5, 6, 7], 3, async () => {
      most = Math.max(most, (inside += 1));
      await Promise.resolve();
      inside -= 1;
      done += 1;
    });
    expect([most, done]).toEqual([3, 7]);
  });
});

describe('the options of make bench', () => {
  it('measure and keep everything unless told otherwise', () => {
    expect(benchOptions({})).toMatchObject({ nodes: 100, many: 1000, rounds: 5, keep: true });
    expect(benchOptions({ NODES: '20' })).toMatchObject({ nodes: 20, many: 20, keep: false });
    expect(benchOptions({ ONLY: 'warm,start' })).toMatchObject({
      only: new Set(['warm', 'start']),
      keep: false,
    });
    expect(benchOptions({ ONLY: 'growth', KEEP: '1' }).keep).toBe(true);
  });

  it.each([
    [{ NODES: 'many' }, 'NODES: expected a whole number from 1 to 1000, got "many"'],
    [{ ROUNDS: '0' }, 'ROUNDS: expected a whole number from 1 to 1000, got "0"'],
    [{ ONLY: 'everything' }, 'ONLY: expected some of receiver,start,'],
    [{ KEEP: 'yes' }, 'KEEP: expected 0 or 1, got "yes"'],
    [{ KEEP: '1', NODES: '20' }, 'KEEP=1: expected no NODES beside it'],
  ])('refuse %o in one sentence', (env, sentence) => {
    expect(() => benchOptions(env)).toThrow(sentence);
  });
});

describe('docs/benchmarks.md', () => {
  const section = (part: Part, figure: string): Section => ({
    part,
    rows: [{ group: `The ${part}`, what: 'a row', figure, aim: '', beside: '' }],
    measured: ['2026-01-01, 1 minute', 'a machine'],
  });

  it('keeps the sections that were not measured again, in the order of the parts', () => {
    const first = renewed('', [section('warm', '1.0 x'), section('cold', '2.0 x')]);
    const second = renewed(first, [section('warm', '3.0 x')]);
    expect(second).toContain('2.0 x');
    expect(second).toContain('3.0 x');
    expect(second).not.toContain('1.0 x');
    expect(second.indexOf('### The cold')).toBeLessThan(second.indexOf('### The warm'));
  });

  it('stays the same byte for byte where nothing is renewed', () => {
    const page = renewed('', [section('growth', '1.0 x')]);
    expect(renewed(page, [])).toBe(page);
  });
});
