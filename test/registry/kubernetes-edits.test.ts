import { describe, expect, test } from 'vitest';
import { systemClock, type Clock } from '../../src/lib/clock.ts';
import type { Source } from '../../src/registry/source.ts';
import { status } from './api-double.ts';
import { isWrite, withApiDouble } from './double-bench.ts';

const bench = withApiDouble();

describe('an edit', () => {
  const edit = (source: Source, value = 'new'): Promise<string | undefined> =>
    source.edit('service-registry', 'services.json', () => value);

  test('sends one key and the version it read, nothing else', async () => {
    const source = await bench.open();
    const { metadata } = bench.api.put('service-registry', { 'services.json': 'old', other: 'kept' });
    await edit(source);
    const [write] = bench.api.seen.filter(isWrite);
    expect(write).toMatchObject({
      method: 'PATCH',
      headers: { 'content-type': 'application/merge-patch+json' },
    });
    expect(JSON.parse(write?.body ?? '')).toEqual({
      metadata: { resourceVersion: metadata.resourceVersion },
      data: { 'services.json': 'new' },
    });
  });

  test('gets through a storm of conflicts, and gives up with a name after the last attempt', async () => {
    const clock: Clock = { ...systemClock, sleep: () => Promise.resolve() };
    const source = await bench.open({ clock, editAttempts: 25 });
    bench.api.put('service-registry', { 'services.json': 'old' });
    bench.api.next(24, isWrite, (_, response) => status(response, 409, 'modified'));
    await edit(source);
    expect(bench.api.data('service-registry')).toEqual({ 'services.json': 'new' });
    bench.api.next(25, isWrite, (_, response) => status(response, 409, 'modified'));
    await expect(edit(source, 'newer')).rejects.toMatchObject({
      exit: 'conflict',
      message: expect.stringContaining('service-registry changed under each of 25 attempts'),
    });
    expect(bench.api.data('service-registry')).toEqual({ 'services.json': 'new' });
  });

  test('whose answer got lost finds its own work done', async () => {
    const source = await bench.open();
    bench.api.put('service-registry', { 'services.json': 'row' });
    bench.api.next(1, isWrite, (seen, response) => {
      const { data } = JSON.parse(seen.body) as { data: Record<string, string> };
      bench.api.put('service-registry', data);
      response.destroy();
    });
    await source.edit('service-registry', 'services.json', (text) =>
      text?.includes('added') === true ? text : `${text} added`,
    );
    expect(bench.api.data('service-registry')).toEqual({ 'services.json': 'row added' });
  });

  test('of an object that somebody else creates at the same moment keeps both', async () => {
    const source = await bench.open();
    bench.api.next(1, isWrite, (_, response) => {
      bench.api.put('service-registry', { other: 'theirs' });
      status(response, 409, 'already exists');
    });
    await edit(source);
    expect(bench.api.data('service-registry')).toEqual({ other: 'theirs', 'services.json': 'new' });
  });

  test.each([
    [403, 'permission'],
    [422, 'data'],
    [413, 'data'],
    [503, 'unavailable'],
  ])('answered with %i is refused as %s', async (code, exit) => {
    const source = await bench.open();
    bench.api.put('service-registry', { 'services.json': 'old' });
    bench.api.fault((seen, response) => isWrite(seen) && (status(response, code, 'no'), true));
    await expect(edit(source)).rejects.toMatchObject({ exit, remedy: expect.stringMatching(/\S/u) });
    expect(bench.api.data('service-registry')).toEqual({ 'services.json': 'old' });
  });
});
