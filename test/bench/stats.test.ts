import { describe, expect, it } from 'vitest';
import { benchOptions } from './options.ts';
import { eachOf, median, pairRatios } from './stats.ts';

describe('the arithmetic of the benchmarks', () => {
  it('takes the middle, and the mean of the two middle ones of an even count', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(() => median([])).toThrow('nothing');
  });

  it('divides neighbours, so that a slow spell cancels', () => {
    expect(pairRatios([2, 20, 4], [1, 10, 2])).toEqual([2, 2, 2]);
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
  it('measure everything on 100 nodes unless told otherwise, and only that is kept', () => {
    expect(benchOptions({})).toMatchObject({ nodes: 100, rounds: 9, whole: true });
    expect(benchOptions({ NODES: '20' }).whole).toBe(false);
    expect(benchOptions({ ONLY: 'warm,start' })).toMatchObject({
      only: new Set(['warm', 'start']),
      whole: false,
    });
  });

  it.each([
    [{ NODES: 'many' }, 'NODES: expected a whole number from 1 to 1000, got "many"'],
    [{ ROUNDS: '0' }, 'ROUNDS: expected a whole number from 1 to 1000, got "0"'],
    [{ ONLY: 'everything' }, 'ONLY: expected some of cold,warm,'],
  ])('refuse %o in one sentence', (env, sentence) => {
    expect(() => benchOptions(env)).toThrow(sentence);
  });
});
