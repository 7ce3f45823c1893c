import { gzipSync } from 'node:zlib';
import { writeFile } from 'node:fs/promises';
import { describe, expect, test, vi } from 'vitest';
import { registryObjects } from '../../src/model/snapshot.ts';
import { systemClock, type Clock } from '../../src/lib/clock.ts';
import { json, status, type Seen } from './api-double.ts';
import { isGet, read, withApiDouble } from './double-bench.ts';

const bench = withApiDouble();

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
      const source = await bench.open({ requestMs: reason.source.includes('no whole answer') ? 300 : 5000 });
      for (const name of registryObjects) bench.api.put(name, { key: 'kept' });
      const remove = bench.api.fault((seen, response) => {
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
    const source = await bench.open();
    const body = JSON.stringify({
      metadata: { name: 'x', uid: 'u', resourceVersion: '1' },
      data: { key: 'ü' },
    });
    bench.api.fault((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(body));
      return true;
    });
    const reading = await read(source);
    expect(reading.kind === 'read' && reading.objects.get('cluster-info')?.data).toEqual({ key: 'ü' });
  });

  test('asks no more for as long as the server asked to be left alone', async () => {
    const source = await bench.open();
    bench.api.next(4, isGet, (_, response) => status(response, 429, 'later', { 'retry-after': '30' }));
    await read(source);
    const asked = bench.api.seen.length;
    expect(await read(source)).toMatchObject({
      kind: 'unreadable',
      reason: expect.stringContaining('asked to wait'),
    });
    expect(bench.api.seen).toHaveLength(asked);
  });

  test('uses a rotated token of a file at once', async () => {
    const source = await bench.open();
    await read(source);
    expect(bench.api.seen.at(-1)?.headers.authorization).toBe('Bearer token-1');
    await writeFile(bench.api.tokenFile, 'token-2\n');
    bench.api.fault((seen, response) => {
      if (seen.headers.authorization === 'Bearer token-2') return false;
      status(response, 401, 'expired');
      return true;
    });
    expect(await read(source)).toMatchObject({ kind: 'read' });
  });

  test('takes up a login that is renewed in the kubeconfig after a 401', async () => {
    const source = await bench.open();
    bench.api.fault((seen, response) => {
      if (seen.headers.authorization === 'Bearer renewed') return false;
      status(response, 401, 'expired');
      return true;
    });
    expect(await read(source)).toMatchObject({ kind: 'unreadable', reason: expect.stringContaining('401') });
    const cluster = { server: bench.api.url, 'insecure-skip-tls-verify': true };
    const config = {
      clusters: [{ name: 'c', cluster }],
      users: [{ name: 'u', user: { token: 'renewed' } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    };
    await writeFile(bench.api.kubeconfig, JSON.stringify(config));
    expect(await read(source)).toMatchObject({ kind: 'read' });
  });

  test('is not fooled by an older version of the same object, and takes it when it has lasted', async () => {
    let now = 0;
    const clock: Clock = { ...systemClock, monotonic: () => now };
    const source = await bench.open({ clock, staleAcceptMs: 60_000 });
    bench.api.put('service-registry', { key: 'new' }, { version: 500 });
    const data = async (): Promise<unknown> => {
      const reading = await read(source);
      if (reading.kind !== 'read') throw new Error(reading.reason);
      return [
        reading.objects.get('service-registry')?.data['key'],
        reading.findings.map(({ message }) => message.split(':')[0]),
      ];
    };
    expect(await data()).toEqual(['new', []]);
    bench.api.put('service-registry', { key: 'old' }, { version: 10 });
    expect(await data()).toEqual(['new', ['stale_source']]);
    now += 59_999;
    expect(await data()).toEqual(['new', ['stale_source']]);
    bench.api.put('service-registry', { key: 'newest' }, { version: 501 });
    expect(await data()).toEqual(['newest', []]);
    bench.api.put('service-registry', { key: 'restored' }, { version: 11 });
    expect(await data()).toEqual(['newest', ['stale_source']]);
    now += 60_000;
    expect(await data()).toEqual(['restored', []]);
    bench.api.put('service-registry', { key: 'another' }, { version: 3, uid: 'another' });
    expect(await data()).toEqual(['another', []]);
  });

  test('keeps its connections: a hundred reads open no more than the pool holds', async () => {
    const source = await bench.open();
    for (let n = 0; n < 100; n++) await read(source);
    expect(bench.api.connections).toBeLessThanOrEqual(16);
  });

  test('stops at once when its signal fires', async () => {
    const source = await bench.open({ requestMs: 60_000 });
    bench.api.fault(() => true);
    await expect(source.read(AbortSignal.timeout(20))).rejects.toMatchObject({ name: 'TimeoutError' });
  });
});

describe('services of type LoadBalancer', () => {
  const service = (name: string, spec: unknown, ip?: string): unknown => ({
    metadata: { name, namespace: 'apps', annotations: { 'mynodeone.io/subdomain': 'x' } },
    spec,
    status: { loadBalancer: ip === undefined ? {} : { ingress: [{ ip }] } },
  });

  test('are listed over all pages, those that wait for an address too', async () => {
    const source = await bench.open();
    const ports = [{ port: 80 }, { port: 81 }];
    bench.api.pages.push(
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
        ['c', ''],
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
