import { describe, expect, it } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import { diceOf } from './dice.ts';
import { growth, slopeOf, type Gauge } from './gauges.ts';
import { tableOf } from './report.ts';
import { soak } from './run-soak.ts';

const possible = fleetAvailable('namespaces');
const title = possible.available ? 'the daemon' : `the daemon (skipped: ${possible.reason})`;

const steady: Gauge = {
  ...{ minute: 0, heapMb: 30, rssMb: 120, descriptors: 60 },
  ...{ threads: 12, timers: 9, sockets: 12 },
};
const series = (change: (index: number) => Partial<Gauge>): readonly Gauge[] =>
  Array.from({ length: 12 }, (_, index) => ({ ...steady, minute: index * 5, ...change(index) }));

describe('the judgement of a soak', () => {
  it('repeats its choices from a seed', () => {
    const draw = (seed: number): readonly number[] => {
      const dice = diceOf(seed);
      return Array.from({ length: 20 }, () => dice.below(10));
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
    expect(new Set(draw(7)).size).toBeGreaterThan(4);
  });

  it('takes noise for noise, and says what climbs', () => {
    expect(slopeOf([1, 2, 3].map((minute) => ({ minute, value: 2 * minute + 1 })))).toBe(2);
    expect(growth(series((index) => ({ heapMb: 30 + (index % 3), descriptors: 60 + (index % 2) })))).toEqual(
      [],
    );
    expect(growth(series((index) => ({ heapMb: 30 + 2 * index })))).toEqual([
      expect.stringMatching(/^heap rose by 14\.0 MB/u),
    ]);
    for (const name of ['descriptors', 'threads', 'timers', 'sockets'] as const)
      expect(growth(series((index) => ({ [name]: 60 + index })))).toEqual([`${name} rose by 6`]);
  });

  it('says so where there is too little to judge', () => {
    expect(growth(series(() => ({})).slice(0, 3))).toEqual(['too few calm moments to judge growth']);
  });
});

describe.skipIf(!possible.available)(title, () => {
  it('keeps every promise through minutes of edits, faults and commands', { timeout: 600_000 }, async () => {
    const lines: string[] = [];
    const say = (line: string): void => {
      lines.push(line);
    };
    const soaked = await soak({ minutes: 2, nodes: 12, seed: 20_261_121, resident: false, say });
    expect(soaked.broken, `${lines.join('\n')}\n${tableOf(soaked)}`).toEqual([]);
    expect(soaked.edits).toBeGreaterThan(10);
    expect(soaked.faults.size).toBeGreaterThan(3);
    expect(soaked.gauges.length).toBeGreaterThan(3);
  });
});
