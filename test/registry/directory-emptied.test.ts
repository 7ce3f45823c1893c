import { readdir, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemClock, type Clock } from '../../src/lib/clock.ts';
import { DirectoryBench } from './directory-bench.ts';

const manifest = (value: string): string =>
  `kind: ConfigMap\nmetadata: {name: service-registry}\ndata: {services.json: "${value}"}\n`;
// Patience is counted in this clock, so that no test waits it out.
const hurried: Clock = {
  now: () => systemClock.now(),
  monotonic: () => systemClock.monotonic() * 50,
  sleep: (ms, signal) => systemClock.sleep(ms, signal),
};

describe('a manifest that an editor has emptied and not yet filled', () => {
  let bench: DirectoryBench;
  beforeEach(async () => {
    bench = await DirectoryBench.make();
  });
  afterEach(() => bench.close());
  const manifests = async (): Promise<string[]> =>
    (await readdir(bench.folder)).filter((name) => !name.startsWith('.'));

  test('is waited for: no second manifest is made beside it, and the save is the text to edit', async () => {
    let waits = 0;
    const sleep: Clock['sleep'] = (ms, signal) => {
      waits += 1;
      return systemClock.sleep(ms, signal);
    };
    const source = await bench.open({ clock: { ...systemClock, sleep } });
    await writeFile(bench.path('s.yaml'), '');
    const edited = source.edit('service-registry', 'services.json', (text) => `${String(text)} edited`);
    // More looks than at any other fault, as where the editor is stopped under load.
    await vi.waitFor(() => {
      expect(waits).toBeGreaterThan(40);
    }, 20_000);
    expect(await manifests()).toEqual(['s.yaml']);
    await writeFile(bench.path('s.yaml'), manifest('saved'));
    await edited;
    expect(await bench.data('service-registry')).toEqual({ 'services.json': 'saved edited' });
    expect(await manifests()).toEqual(['s.yaml']);
  });

  test('that stays empty is named, and nothing is written', async () => {
    const source = await bench.open({ clock: hurried });
    await writeFile(bench.path('s.yaml'), '\n');
    await expect(source.edit('service-registry', 'services.json', () => '{}')).rejects.toMatchObject({
      exit: 'data',
      message: expect.stringContaining(
        `expected a manifest in ${bench.path('s.yaml')}, got nothing`,
      ) as string,
      remedy: `save ${bench.path('s.yaml')}, or remove it`,
    });
    expect(await manifests()).toEqual(['s.yaml']);
  });
});
