import { describe, expect, it } from 'vitest';
import { runSeeds, told } from './farm.ts';

const deep = ['nightly', 'release'].includes(process.env['TIER'] ?? '');
const trials = Number(process.env['SYNC_SIM_TRIALS'] ?? (deep ? '10000' : '1000'));

describe('a controller that stands still in the middle of a push while another one takes over', () => {
  it(
    `installs nothing when it goes on, and shows every refusal, in ${String(trials)} trials`,
    { timeout: 3_600_000 },
    async () => {
      const played = await runSeeds(trials, { play: 'dual-masters' });
      const again = (seed: number): string => `FROM=${String(seed)} TRIALS=1 make sim-masters`;
      const broken = played.filter((each) => each.broken !== undefined);
      expect(told(broken.slice(0, 3), again)).toBe('');
      // A trial in which the first one had nothing left to say would prove nothing.
      const stale = played.filter(({ times }) => times.some(({ what }) => what === 'stale attempts'));
      expect(stale.length).toBeGreaterThan(trials * 0.9);
    },
  );
});
