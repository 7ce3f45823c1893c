import { gzipSync } from 'node:zlib';
import { writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { registryObjects, type RegistryObject } from '../../src/model/snapshot.ts';
import { systemClock, type Clock } from '../../src/lib/clock.ts';
import {
  createKubernetesSource,
  type KubernetesSourceOptions,
} from '../../src/registry/kubernetes-source.ts';
import type { Reading, Source } from '../../src/registry/source.ts';
import { ApiDouble, json, status, type Seen } from './api-double.ts';

let api: ApiDouble;
const opened: Source[] = [];

beforeEach(async () => {
  api = await ApiDouble.start();
});
afterEach(async () => {
  for (const source of opened.splice(0)) await source.close();
  await api.stop();
});

const open = async (options: Partial<KubernetesSourceOptions> = {}): Promise<Source> => {
  const timers = { pollMs: 3_600_000, graceMs: 50, requestMs: 2000, backoffFloorMs: 20, backoffCapMs: 200 };
  const source = await createKubernetesSource({
    kubeconfig: api.kubeconfig,
    clock: systemClock,
    ...timers,
    ...options,
  });
  opened.push(source);
  return source;
};
const read = (source: Source): Promise<Reading> => source.read(AbortSignal.timeout(20_000));
const isGet = (seen: Seen): boolean => seen.method === 'GET' && !seen.isWatch;
const isList = (seen: Seen): boolean => isGet(seen) && seen.path.endsWith('/configmaps');
const isWatch = (seen: Seen): boolean => seen.isWatch;
const isWrite = (seen: Seen): boolean => seen.method !== 'GET';

describe('a read', () => {
  test.each<[string, (seen: Seen, response: Parameters<typeof json>[0]) => void, RegExp]>([
    ['401', (_, response) => status(response, 401, 'Unauthorized'), /answered 401/u],
    [
      '403',
      (_, response) => status(response, 403, 'User "x" cannot get configmaps'),
      /403: User "x" cannot get/u,
    ],
    ['429', (_, response) => status(response, 429, 'slow down', { 'retry-after': '1' }), /429/u],
    ['500', (_, response) => status(response, 500, 'etcd is gone'), /500: etcd is gone/u],
    [
      'a page of a proxy',
      (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>login'),
      /expected JSON/u,
    ],
    ['JSON that is no ConfigMap', (_, response) => json(response, 200, { items: [] }), /expected metadata/u],
    [
      'data that are no strings',
      (_, response) =>
        json(response, 200, { metadata: { name: 'x', uid: 'u', resourceVersion: '1' }, data: { a: 1 } }),
      /map of strings/u,
    ],
    [
      'a body cut by its length',
      (_, response) =>
        response.writeHead(200, { 'content-length': '1000' }).write('{"a":', () => response.destroy()),
      /\S/u,
    ],
    [
      'a body cut in the middle of its JSON',
      (_, response) => response.writeHead(200).end('{"metadata":{"name":"serv'),
      /expected JSON/u,
    ],
    [
      'a body above 4 MiB',
      (_, response) => response.writeHead(200).end(' '.repeat(5 * 1024 * 1024)),
      /at most 4194304 bytes/u,
    ],
    [
      'a gzip bomb',
      (_, response) =>
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(50 * 1024 * 1024))),
      /at most 4194304 bytes/u,
    ],
    [
      'a torn gzip body',
      (_, response) =>
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('{"a":1}').subarray(0, 15)),
      /\S/u,
    ],
    ['a closed connection', (_, response) => response.destroy(), /\S/u],
    ['no answer', () => undefined, /no whole answer within 300 ms/u],
    [
      'a body that stops',
      (_, response) => response.writeHead(200).write('{'),
      /no whole answer within 300 ms/u,
    ],
  ])(
    'answered by %s is unreadable with reason and remedy, and reads well afterwards',
    async (_what, answer, reason) => {
      const source = await open({ requestMs: 300 });
      for (const name of registryObjects) api.put(name, { key: 'kept' });
      const remove = api.fault((seen, response) => {
        // One bad answer of four is enough: half a state is no state.
        if (!seen.path.endsWith('/domain-registry')) return false;
        answer(seen, response);
        return true;
      });
      expect(await read(source)).toEqual({
        kind: 'unreadable',
        reason: expect.stringMatching(reason),
        remedy: expect.stringMatching(/\S/u),
      });
      remove();
      await vi.waitFor(async () => expect(await read(source)).toMatchObject({ kind: 'read', missing: [] }), {
        timeout: 10_000,
      });
    },
  );

  test('takes a compressed answer', async () => {
    const source = await open();
    const body = JSON.stringify({
      metadata: { name: 'x', uid: 'u', resourceVersion: '1' },
      data: { key: 'ü' },
    });
    api.fault(
      (_, response) =>
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(body)) !== undefined,
    );
    const reading = await read(source);
    expect(reading.kind === 'read' && reading.objects.get('cluster-info')?.data).toEqual({ key: 'ü' });
  });

  test('asks no more for as long as the server asked to be left alone', async () => {
    const source = await open();
    api.next(4, isGet, (_, response) => status(response, 429, 'later', { 'retry-after': '30' }));
    await read(source);
    const asked = api.seen.length;
    expect(await read(source)).toMatchObject({
      kind: 'unreadable',
      reason: expect.stringContaining('asked to wait'),
    });
    expect(api.seen).toHaveLength(asked);
  });

  test('uses a rotated token of a file at once', async () => {
    const source = await open();
    await read(source);
    expect(api.seen.at(-1)?.headers.authorization).toBe('Bearer token-1');
    await writeFile(api.tokenFile, 'token-2\n');
    api.fault((seen, response) => {
      if (seen.headers.authorization === 'Bearer token-2') return false;
      status(response, 401, 'expired');
      return true;
    });
    expect(await read(source)).toMatchObject({ kind: 'read' });
  });

  test('takes up a login that is renewed in the kubeconfig after a 401', async () => {
    const source = await open();
    api.fault((seen, response) => {
      if (seen.headers.authorization === 'Bearer renewed') return false;
      status(response, 401, 'expired');
      return true;
    });
    expect(await read(source)).toMatchObject({ kind: 'unreadable', reason: expect.stringContaining('401') });
    const cluster = { server: api.url, 'insecure-skip-tls-verify': true };
    const config = {
      clusters: [{ name: 'c', cluster }],
      users: [{ name: 'u', user: { token: 'renewed' } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    };
    await writeFile(api.kubeconfig, JSON.stringify(config));
    expect(await read(source)).toMatchObject({ kind: 'read' });
  });

  test('is not fooled by an older version of the same object, and takes it when it has lasted', async () => {
    let now = 0;
    const clock: Clock = { ...systemClock, monotonic: () => now };
    const source = await open({ clock, staleAcceptMs: 60_000 });
    api.put('service-registry', { key: 'new' }, { version: 500 });
    const data = async (): Promise<unknown> => {
      const reading = await read(source);
      if (reading.kind !== 'read') throw new Error(reading.reason);
      return [
        reading.objects.get('service-registry')?.data['key'],
        reading.findings.map(({ message }) => message.split(':')[0]),
      ];
    };
    expect(await data()).toEqual(['new', []]);
    api.put('service-registry', { key: 'old' }, { version: 10 });
    expect(await data()).toEqual(['new', ['stale_source']]);
    now += 59_999;
    expect(await data()).toEqual(['new', ['stale_source']]);
    api.put('service-registry', { key: 'newest' }, { version: 501 });
    expect(await data()).toEqual(['newest', []]);
    api.put('service-registry', { key: 'restored' }, { version: 11 });
    expect(await data()).toEqual(['newest', ['stale_source']]);
    now += 60_000;
    expect(await data()).toEqual(['restored', []]);
    api.put('service-registry', { key: 'another' }, { version: 3, uid: 'another' });
    expect(await data()).toEqual(['another', []]);
  });

  test('keeps its connections: a hundred reads open no more than the pool holds', async () => {
    const source = await open();
    for (let n = 0; n < 100; n++) await read(source);
    expect(api.connections).toBeLessThanOrEqual(16);
  });

  test('stops at once when its signal fires', async () => {
    const source = await open({ requestMs: 60_000 });
    api.fault(() => true);
    await expect(source.read(AbortSignal.timeout(20))).rejects.toMatchObject({ name: 'TimeoutError' });
  });
});

describe('a watch', () => {
  let over: AbortController;
  let watching: Promise<void>;
  let hints: RegistryObject[];
  let source: Source;

  const watch = async (options: Partial<KubernetesSourceOptions> = {}): Promise<void> => {
    source = await open(options);
    for (const name of registryObjects) api.put(name, { key: 'first' });
    over = new AbortController();
    hints = [];
    watching = source.watch((object) => hints.push(object), over.signal);
    await vi.waitFor(() => expect(new Set(hints).size).toBe(4), { timeout: 10_000 });
    await vi.waitFor(() => expect(api.openWatches()).toBe(4), { timeout: 10_000 });
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
    const asked = api.seen.filter(isWatch).map(({ query }) => Object.fromEntries(query));
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
    api.put('service-registry', { key: 'unseen' }, { silently: true });
    await hinted('service-registry');
    await vi.waitFor(() => expect(source.health().stalls).toBe(1));
    hints.length = 0;
    await vi.waitFor(() => expect(api.openWatches()).toBe(4));
    api.put('service-registry', { key: 'seen again' });
    await hinted('service-registry');
  });

  test('that is alive is left alone by the poll', async () => {
    await watch({ pollMs: 30, graceMs: 200 });
    const polls = (): number =>
      api.count((seen) => (seen.headers.accept ?? '').includes('PartialObjectMetadata'));
    for (let n = 0; n < 5; n++) {
      const before = polls();
      api.put('service-registry', { key: `${n}` });
      await vi.waitFor(() => expect(polls()).toBeGreaterThan(before + 4), { timeout: 10_000 });
    }
    expect(source.health()).toMatchObject({ stalls: 0, restarts: 0 });
  });

  test('without a byte for too long is replaced from where it was', async () => {
    await watch({ inactivityMs: 150 });
    const lists = api.count(isList);
    await vi.waitFor(() => expect(source.health().restarts).toBeGreaterThanOrEqual(4), { timeout: 10_000 });
    expect(api.count(isList)).toBe(lists);
    api.put('domain-registry', { key: 'second' });
    await hinted('domain-registry');
  });

  test.each<[string, () => void]>([
    [
      'an ERROR event of 410',
      () => api.sendToWatches('cluster-info', '{"type":"ERROR","object":{"code":410,"reason":"Expired"}}\n'),
    ],
    [
      'an ERROR event of 500',
      () =>
        api.sendToWatches(
          'cluster-info',
          '{"type":"ERROR","object":{"code":500,"message":"etcdserver: leader changed"}}\n',
        ),
    ],
    ['a line that does not parse', () => api.sendToWatches('cluster-info', '{"type":"MODI\n')],
    ['an event of an unknown kind', () => api.sendToWatches('cluster-info', '{"type":"NEWS","object":{}}\n')],
    ['a line without end', () => api.sendToWatches('cluster-info', 'x'.repeat(5 * 1024 * 1024))],
  ])('meeting %s lists anew and loses no change', async (_what, disturb) => {
    await watch();
    const lists = api.count(isList);
    // Lost with the broken stream: only a list can bring it.
    api.put('cluster-info', { key: 'changed' }, { silently: true });
    disturb();
    await hinted('cluster-info');
    expect(api.count(isList)).toBe(lists + 1);
  });

  test('goes on from a bookmark', async () => {
    await watch({ inactivityMs: 400 });
    api.sendToWatches(
      'cluster-info',
      '{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"777"}}}\n',
    );
    await vi.waitFor(
      () =>
        expect(api.seen.some((seen) => seen.isWatch && seen.query.get('resourceVersion') === '777')).toBe(
          true,
        ),
      { timeout: 10_000 },
    );
  });

  test('cut with every connection comes back and tells what changed meanwhile', async () => {
    await watch();
    api.cut();
    api.put('sync-controller-registry', { key: 'changed' }, { silently: true });
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
    api.next(40, isWatch, (_, response) => status(response, 410, 'too old'));
    api.cut();
    await vi.waitFor(() => expect(api.count(isWatch)).toBe(48), { timeout: 30_000 });
    const pauses = sleeps.filter((ms) => ms < 3_600_000);
    expect(pauses.length).toBeGreaterThanOrEqual(36);
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(20);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(160);
    api.put('service-registry', { key: 'after the storm' });
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
    api.next(12, isWatch, (_, response) => response.writeHead(200).end());
    api.cut();
    await vi.waitFor(() => expect(api.count(isWatch)).toBe(20), { timeout: 30_000 });
    expect(sleeps.filter((ms) => ms < 3_600_000).length).toBeGreaterThanOrEqual(12);
  });

  test('waits as long as the server asks', async () => {
    const sleeps: number[] = [];
    const clock: Clock = {
      ...systemClock,
      sleep: (ms, signal) => (sleeps.push(ms), systemClock.sleep(Math.min(ms, 5), signal)),
    };
    await watch({ clock });
    api.next(1, isWatch, (_, response) => status(response, 429, 'busy', { 'retry-after': '7' }));
    api.cut();
    await vi.waitFor(() => expect(sleeps.some((ms) => ms >= 6900 && ms <= 7000)).toBe(true), {
      timeout: 10_000,
    });
  });

  test('ends a long pause when the poll gets through again', async () => {
    await watch({ backoffFloorMs: 3_600_000, backoffCapMs: 3_600_000, pollMs: 50 });
    api.cut();
    api.put('service-registry', { key: 'changed' }, { silently: true });
    await hinted('service-registry');
  });

  test('names an object that is held back as stale at every poll, so that it is judged again', async () => {
    await watch({ pollMs: 30, staleAcceptMs: 3_600_000 });
    await read(source);
    api.put('service-registry', { key: 'older' }, { version: 3, silently: true });
    await hinted('service-registry');
    await read(source);
    hints.length = 0;
    await vi.waitFor(
      () => expect(hints.filter((name) => name === 'service-registry').length).toBeGreaterThan(3),
      { timeout: 10_000 },
    );
  });
});

describe('an edit', () => {
  const edit = (source: Source, value = 'new'): Promise<string | undefined> =>
    source.edit('service-registry', 'services.json', () => value);

  test('sends one key and the version it read, nothing else', async () => {
    const source = await open();
    const { metadata } = api.put('service-registry', { 'services.json': 'old', other: 'kept' });
    await edit(source);
    const [write] = api.seen.filter(isWrite);
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
    const source = await open({ clock, editAttempts: 25 });
    api.put('service-registry', { 'services.json': 'old' });
    api.next(24, isWrite, (_, response) => status(response, 409, 'modified'));
    await edit(source);
    expect(api.data('service-registry')).toEqual({ 'services.json': 'new' });
    api.next(25, isWrite, (_, response) => status(response, 409, 'modified'));
    await expect(edit(source, 'newer')).rejects.toMatchObject({
      exit: 'conflict',
      message: expect.stringContaining('service-registry changed under each of 25 attempts'),
    });
    expect(api.data('service-registry')).toEqual({ 'services.json': 'new' });
  });

  test('whose answer got lost finds its own work done', async () => {
    const source = await open();
    api.put('service-registry', { 'services.json': 'row' });
    api.next(1, isWrite, (seen, response) => {
      const { data } = JSON.parse(seen.body) as { data: Record<string, string> };
      api.put('service-registry', data);
      response.destroy();
    });
    await source.edit('service-registry', 'services.json', (text) =>
      text?.includes('added') === true ? text : `${text} added`,
    );
    expect(api.data('service-registry')).toEqual({ 'services.json': 'row added' });
  });

  test('of an object that somebody else creates at the same moment keeps both', async () => {
    const source = await open();
    api.next(1, isWrite, (_, response) => {
      api.put('service-registry', { other: 'theirs' });
      status(response, 409, 'already exists');
    });
    await edit(source);
    expect(api.data('service-registry')).toEqual({ other: 'theirs', 'services.json': 'new' });
  });

  test.each([
    [403, 'permission'],
    [422, 'data'],
    [413, 'data'],
    [503, 'unavailable'],
  ])('answered with %i is refused as %s', async (code, exit) => {
    const source = await open();
    api.put('service-registry', { 'services.json': 'old' });
    api.fault((seen, response) => isWrite(seen) && (status(response, code, 'no'), true));
    await expect(edit(source)).rejects.toMatchObject({ exit, remedy: expect.stringMatching(/\S/u) });
    expect(api.data('service-registry')).toEqual({ 'services.json': 'old' });
  });
});

describe('services of type LoadBalancer', () => {
  const service = (name: string, spec: unknown, ip?: string): unknown => ({
    metadata: { name, namespace: 'apps', annotations: { 'mynodeone.io/subdomain': 'x' } },
    spec,
    status: { loadBalancer: ip === undefined ? {} : { ingress: [{ ip }] } },
  });

  test('are listed over all pages, those with an address only', async () => {
    const source = await open();
    const ports = [{ port: 80 }, { port: 81 }];
    api.pages.push(
      {
        metadata: { continue: '1' },
        items: [
          service('a', { type: 'LoadBalancer', ports }, '100.64.0.1'),
          service('b', { type: 'ClusterIP', ports }, '100.64.0.2'),
        ],
      },
      {
        metadata: {},
        items: [
          service('c', { type: 'LoadBalancer', ports }),
          service('d', { type: 'LoadBalancer', ports }, '100.64.0.4'),
        ],
      },
    );
    const found = await source.loadBalancers(AbortSignal.timeout(10_000));
    expect(found).toEqual(
      [
        ['a', '100.64.0.1'],
        ['d', '100.64.0.4'],
      ].map(([name, ip]) => ({
        namespace: 'apps',
        name,
        ip,
        port: 80,
        annotations: { 'mynodeone.io/subdomain': 'x' },
      })),
    );
  });
});
