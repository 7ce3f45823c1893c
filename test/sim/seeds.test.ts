import { beforeAll, describe, expect, it } from 'vitest';
import { runSeeds, runTask, told, type Played } from './farm.ts';

// The nightly run has a machine of its own; here it has to fit beside the other suites.
const deep = ['nightly', 'release'].includes(process.env['TIER'] ?? '');
const seeds = Number(process.env['SYNC_SIM_SEEDS'] ?? (deep ? '20000' : '2000'));
const hourMs = 3_600_000;

/** The value below which this part of the sorted list lies. */
function percentile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

describe('the whole controller under virtual time, network, disk, SSH and Kubernetes', () => {
  let played: readonly Played[] = [];
  beforeAll(async () => {
    played = await runSeeds(seeds, { play: 'script' });
  }, hourMs);

  const timesOf = (what: string): readonly number[] =>
    played
      .flatMap(({ times }) => times)
      .filter((time) => time.what === what)
      .map(({ ms }) => ms)
      .sort((a, b) => a - b);

  it(`keeps every promise over ${String(seeds)} schedules`, () => {
    const broken = played.filter((each) => each.broken !== undefined);
    expect(told(broken.slice(0, 3), (seed) => `SEED=${String(seed)} make sim`)).toBe('');
    expect(played).toHaveLength(seeds);
  });

  it('meets faults in them: nodes are pushed to, refuse, go down and come back', () => {
    const sum = (name: string): number =>
      played.reduce((total, { counts }) => total + (counts[name] ?? 0), 0);
    expect(sum('installs') / seeds).toBeGreaterThan(20);
    expect(sum('probes') / seeds).toBeGreaterThan(5);
    expect(sum('fenced')).toBeGreaterThan(seeds / 10);
  });

  it('has a node that comes back verified within 3 s at the 95th percentile', () => {
    const returns = timesOf('return');
    expect(returns.length).toBeGreaterThan(20);
    expect(percentile(returns, 0.95)).toBeLessThanOrEqual(3_000);
  });

  it('plays a seed in the same way in whatever process and company', { timeout: hourMs }, async () => {
    for (const seed of [3, 40, 77]) {
      const [alone] = await runTask({ seeds: [seed, seed], play: 'script', keepTrace: true });
      expect(alone?.digest).toBe(played.find((each) => each.seed === seed)?.digest);
    }
  });
});

describe('faults on a tenth of the nodes', () => {
  it('delay the others by under a tenth in virtual time', { timeout: hourMs }, async () => {
    const played = await runSeeds(deep ? 30 : 4, { play: 'isolation' });
    expect(played.flatMap(({ broken }) => broken?.message ?? [])).toEqual([]);
  });
});
