import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hunt } from './mutants/hunt.ts';
import { mutants, seedsAllowed } from './mutants/mutants.ts';

const deep = ['nightly', 'release'].includes(process.env['TIER'] ?? '');
const root = join(import.meta.dirname, '../..');

/** Defects that are caught within a few seeds: one of each part of the product, few enough for every run. */
const sample = mutants.filter((_, index) => deep || index % 9 === 0);

describe('deliberate defects', () => {
  it('are thirty at the least, each of its own', () => {
    expect(mutants.length).toBeGreaterThanOrEqual(30);
    expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
  });

  it.each(mutants)('change text that is there once: $name', ({ edits }) => {
    for (const { file, search, replace } of edits) {
      expect(readFileSync(join(root, file), 'utf8').split(search), search).toHaveLength(2);
      expect(replace).not.toBe(search);
    }
  });

  it.each(sample)('are caught: $name', { timeout: 900_000 }, async (mutant) => {
    const { seed, message } = await hunt(mutant);
    expect(seed, message).toBeLessThanOrEqual(seedsAllowed);
  });
});
