import { afterEach, describe, expect, test, vi } from 'vitest';
import { registryObjects, type RegistryObject } from '../../src/model/snapshot.ts';
import { systemClock, type Clock } from '../../src/lib/clock.ts';
import type { KubernetesSourceOptions } from '../../src/registry/kubernetes-source.ts';
import type { Source } from '../../src/registry/source.ts';
import { status } from './api-double.ts';
import { isList, isWatch, read, withApiDouble } from './double-bench.ts';

const bench = withApiDouble();

describe('a watch', () => {
  let over: AbortController;
  let watching: Promise<void>;
  let hints: RegistryObject[];
  let source: Source;

  const watch = async (options: Partial<KubernetesSourceOptions> = {}): Promise<void> => {
    source = await bench.open(options);
    for (const name of registryObjects) bench.api.put(name, { key: 'first' });
    over = new AbortController();
    hints = [];
    watching = source.watch((object) => hints.push(object), over.signal);
    await vi.waitFor(() => expect(new Set(hints).size).toBe(4), { timeout: 10_000 });
    await vi.waitFor(() => expect(bench.api.openWatches()).toBe(4), { timeout: 10_000 });
    hints.length = 0;
  };
  const hinted = (object: RegistryObject): Promise<void> =>
    vi.waitFor(() => expect(hints).toContain(object), { timeout: 15_000, interval: 5 });
  afterEach(async () => {
    over.abort();
    await watching;
  });

  test('asks for one object each, from the version of its list on, with bookmarks and an end', async () => {
    await watch();
    const asked = bench.api.seen.filter(isWatch).map(({ query }) => Object.fromEntries(query));
    expect(asked).toHaveLength(4);
    for (const query of asked) {
      expect(query).toMatchObject({
        allowWatchBookmarks: 'true',
        fieldSelector: expect.stringMatching(/^metadata\.name=/u),
      });
      expect(Number(query['timeoutSeconds'])).toBeGreaterThanOrEqual(240);
      expect(Number(query['timeoutSeconds'])).toBeLessThanOrEqual(300);
    }
  });

  test('that dies silently is noticed by the poll, counted and replaced, and the change is told', async () => {
    await watch({ pollMs: 100 });
    bench.api.put('service-registry', { key: 'unseen' }, { silently: true });
    await hinted('service-registry');
    await vi.waitFor(() => expect(source.health().stalls).toBe(1));
    hints.length = 0;
    await vi.waitFor(() => expect(bench.api.openWatches()).toBe(4));
    bench.api.put('service-registry', { key: 'seen again' });
    await hinted('service-registry');
  });

  test('that is alive is left alone by the poll', async () => {
    await watch({ pollMs: 30, graceMs: 200 });
    const polls = (): number =>
      bench.api.count((seen) => (seen.headers.accept ?? '').includes('PartialObjectMetadata'));
    for (let n = 0; n < 5; n++) {
      const before = polls();
      bench.api.put('service-registry', { key: `${n}` });
      await vi.waitFor(() => expect(polls()).toBeGreaterThan(before + 4), { timeout: 10_000 });
    }
    expect(source.health()).toMatchObject({ stalls: 0, restarts: 0 });
  });

  test('without a byte for too long is replaced from where it was', async () => {
    await watch({ inactivityMs: 150 });
    const lists = bench.api.count(isList);
    await vi.waitFor(() => expect(source.health().restarts).toBeGreaterThanOrEqual(4), { timeout: 10_000 });
    expect(bench.api.count(isList)).toBe(lists);
    bench.api.put('domain-registry', { key: 'second' });
    await hinted('domain-registry');
  });

  test.each<[string, () => void]>([
    [
      'an ERROR event of 410',
      () =>
        bench.api.sendToWatches(
          'cluster-info',
          '{"type":"ERROR","object":{"code":410,"reason":"Expired"}}\n',
        ),
    ],
    [
      'an ERROR event of 500',
      () =>
        bench.api.sendToWatches(
          'cluster-info',
          '{"type":"ERROR","object":{"code":500,"message":"etcdserver: leader changed"}}\n',
        ),
    ],
    ['a line that does not parse', () => bench.api.sendToWatches('cluster-info', '{"type":"MODI\n')],
    [
      'an event of an unknown kind',
      () => bench.api.sendToWatches('cluster-info', '{"type":"NEWS","object":{}}\n'),
    ],
    ['a line without end', () => bench.api.sendToWatches('cluster-info', 'x'.repeat(5 * 1024 * 1024))],
  ])('meeting %s lists anew and loses no change', async (_what, disturb) => {
    await watch();
    const lists = bench.api.count(isList);
    // Lost with the broken stream: only a list can bring it.
    bench.api.put('cluster-info', { key: 'changed' }, { silently: true });
    disturb();
    await hinted('cluster-info');
    expect(bench.api.count(isList)).toBe(lists + 1);
  });

  test('goes on from a bookmark', async () => {
    await watch({ inactivityMs: 400 });
    bench.api.sendToWatches(
      'cluster-info',
      '{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"777"}}}\n',
    );
    await vi.waitFor(
      () =>
        expect(
          bench.api.seen.some((seen) => seen.isWatch && seen.query.get('resourceVersion') === '777'),
        ).toBe(true),
      { timeout: 10_000 },
    );
  });

  test('cut with every connection comes back and tells what changed meanwhile', async () => {
    await watch();
    bench.api.cut();
    bench.api.put('sync-controller-registry', { key: 'changed' }, { silently: true });
    await hinted('sync-controller-registry');
  });

  test('refused with 410 lists at once; a storm of refusals is met with growing pauses, never a loop', async () => {
    const sleeps: number[] = [];
    const clock: Clock = {
      ...systemClock,
      sleep: (ms, signal) => (sleeps.push(ms), systemClock.sleep(ms, signal)),
    };
    await watch({ clock, inactivityMs: 3_600_000, backoffFloorMs: 20, backoffCapMs: 160 });
    sleeps.length = 0;
    bench.api.next(40, isWatch, (_, response) => status(response, 410, 'too old'));
    bench.api.cut();
    await vi.waitFor(() => expect(bench.api.count(isWatch)).toBe(48), { timeout: 30_000 });
    const pauses = sleeps.filter((ms) => ms < 3_600_000);
    expect(pauses.length).toBeGreaterThanOrEqual(36);
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(20);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(160);
    bench.api.put('service-registry', { key: 'after the storm' });
    await hinted('service-registry');
  });

  test('ended at once by the server every time is met with pauses', async () => {
    const sleeps: number[] = [];
    const clock: Clock = {
      ...systemClock,
      sleep: (ms, signal) => (sleeps.push(ms), systemClock.sleep(ms, signal)),
    };
    await watch({ clock, inactivityMs: 3_600_000 });
    sleeps.length = 0;
    bench.api.next(12, isWatch, (_, response) => response.writeHead(200).end());
    bench.api.cut();
    await vi.waitFor(() => expect(bench.api.count(isWatch)).toBe(20), { timeout: 30_000 });
    expect(sleeps.filter((ms) => ms < 3_600_000).length).toBeGreaterThanOrEqual(12);
  });

  test('waits as long as the server asks', async () => {
    const sleeps: number[] = [];
    const clock: Clock = {
      ...systemClock,
      sleep: (ms, signal) => (sleeps.push(ms), systemClock.sleep(Math.min(ms, 5), signal)),
    };
    await watch({ clock });
    bench.api.next(1, isWatch, (_, response) => status(response, 429, 'busy', { 'retry-after': '7' }));
    bench.api.cut();
    await vi.waitFor(() => expect(sleeps.some((ms) => ms >= 6900 && ms <= 7000)).toBe(true), {
      timeout: 10_000,
    });
  });

  test('ends a long pause when the poll gets through again', async () => {
    await watch({ backoffFloorMs: 3_600_000, backoffCapMs: 3_600_000, pollMs: 50 });
    bench.api.cut();
    bench.api.put('service-registry', { key: 'changed' }, { silently: true });
    await hinted('service-registry');
  });

  test('whose server answers no poll any more asks for a look, so that the reader finds out and says so', async () => {
    await watch({ pollMs: 50 });
    bench.api.fault((seen, response) => {
      if (seen.isWatch) return false;
      status(response, 401, 'Unauthorized');
      return true;
    });
    await hinted('cluster-info');
    expect(await read(source)).toMatchObject({ kind: 'unreadable' });
  });

  test('names an object that is held back as stale at every poll, so that it is judged again', async () => {
    await watch({ pollMs: 30, staleAcceptMs: 3_600_000 });
    await read(source);
    bench.api.put('service-registry', { key: 'older' }, { version: 3, silently: true });
    await hinted('service-registry');
    await read(source);
    hints.length = 0;
    await vi.waitFor(
      () => expect(hints.filter((name) => name === 'service-registry').length).toBeGreaterThan(3),
      { timeout: 10_000 },
    );
  });
});
