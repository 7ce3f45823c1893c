import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffMs, jitteredBackoffMs } from '../../src/lib/backoff.ts';

const backoff = { baseMs: 5_000, factor: 2, maxMs: 900_000 };

describe('backoff', () => {
  it('is 5 s, 10 s, 20 s and never over the cap', () => {
    expect([1, 2, 3, 8, 9, 5_000].map((failures) => backoffMs(backoff, failures))).toEqual([
      5_000, 10_000, 20_000, 640_000, 900_000, 900_000,
    ]);
  });

  it('of no failure is the first wait', () => {
    expect(backoffMs(backoff, 0)).toBe(5_000);
  });

  it('with jitter is anything from nothing to the wait', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (failures, unit) => {
          const ms = jitteredBackoffMs(backoff, failures, { unit: () => unit, hex: () => '' });
          expect(ms).toBeGreaterThanOrEqual(0);
          expect(ms).toBeLessThanOrEqual(backoffMs(backoff, failures));
        },
      ),
    );
    const at = (unit: number) => jitteredBackoffMs(backoff, 2, { unit: () => unit, hex: () => '' });
    expect([at(0), at(0.5), at(0.999_999)]).toEqual([0, 5_000, 10_000]);
  });
});
