// The whole controller on real nodes over an API server that does what a real one cannot be told to do. I6: whatever it answers, no node changes, and all goes on by itself.
import { gzipSync } from 'node:zlib';
import { writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ControllerStatus } from '../../src/contract/report.ts';
import { fileOn, initialObjects, startRig, until, type Daemon, type Rig } from '../e2e/rig.ts';
import { fleetAvailable } from '../fleet/availability.ts';
import { ApiDouble, status, type Fault, type Seen } from '../registry/api-double.ts';

const available = fleetAvailable('namespaces').available;
const nodes = [{ type: 'worker_nodes' as const, name: 'wa' }];
const settings = [
  'watch:\n  pollMs: 1000\n  requestMs: 1000\n  inactivityMs: 3000\n  staleAcceptMs: 60000',
  'status:\n  flushMs: 500\n  writeBack: true\n',
].join('\n');
/** Fifty million bytes that weigh as little as fifty thousand. */
const bomb = gzipSync(Buffer.alloc(50_000_000));
type Answer = (seen: Seen, response: ServerResponse) => void;
const isRead = (seen: Seen): boolean => seen.method === 'GET';

describe.skipIf(!available)('a daemon over an API server with bad days', () => {
  let api: ApiDouble;
  let rig: Rig;
  let daemon: Daemon;
  const taken: (() => void)[] = [];
  let edits = 0;
  /** The version of the last edit. */
  let newest = 0;

  beforeAll(async () => {
    api = await ApiDouble.start();
    rig = await startRig({ nodes, source: `  kind: kubernetes\n  kubeconfig: ${api.kubeconfig}`, settings });
    for (const [name, data] of Object.entries(initialObjects(rig.fleet, { nodes }))) api.put(name, data);
    daemon = rig.daemon();
    await until('the first revision is there', () => hosts().includes('demo.testcloud.local'));
  });
  afterEach(() => {
    for (const heal of taken.splice(0)) heal();
  });
  afterAll(async () => {
    await rig.stop();
    await api.stop();
  });

  const hosts = (): string => fileOn(rig.node(0), 'etc/hosts');
  const fault = (one: Fault): void => void taken.push(api.fault(one));
  const report = async (): Promise<ControllerStatus> =>
    JSON.parse((await rig.syncctl(['status', '-o', 'json'])).stdout) as ControllerStatus;
  const sourceIs = async (state: string): Promise<ControllerStatus> => {
    let last: ControllerStatus | undefined;
    await until(`the source is ${state}`, async () => (last = await report()).source.state === state);
    if (last === undefined) throw new Error('no status');
    return last;
  };
  const services = (): Record<string, object> =>
    JSON.parse(api.data('service-registry')?.['services.json'] ?? '{}') as Record<string, object>;
  const add = (silently = false): string => {
    edits += 1;
    const name = `edit${String(edits)}`;
    const text = JSON.stringify({
      ...services(),
      [name]: { subdomain: name, ip: '100.76.150.77', port: 80 },
    });
    newest = Number(
      api.put('service-registry', { 'services.json': text }, { silently }).metadata.resourceVersion,
    );
    return `${name}.testcloud.local`;
  };
  const arrives = (line: string): Promise<void> => until(`${line} is there`, () => hosts().includes(line));

  it.each<[string, Answer, RegExp]>([
    ['401', (_, response) => status(response, 401, 'Unauthorized'), /401/u],
    ['403', (_, response) => status(response, 403, 'User "x" cannot get'), /403/u],
    [
      '429 and Retry-After',
      (_, response) => status(response, 429, 'later', { 'retry-after': '1' }),
      /429|asked to wait/u,
    ],
    ['500', (_, response) => status(response, 500, 'etcd is gone'), /500/u],
    [
      'truncated JSON',
      (_, response) =>
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"metadata":{"na'),
      /expected JSON/u,
    ],
    [
      'the page of a proxy',
      (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
      /expected JSON/u,
    ],
    [
      'null',
      (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('null'),
      /expected/u,
    ],
    [
      'an empty object',
      (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'),
      /expected/u,
    ],
    ['a body that never ends', (_, response) => void response.writeHead(200).write('{'), /no whole answer/u],
    [
      'a gzip bomb',
      (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
      /at most/u,
    ],
  ])(
    'that answers %s keeps the last good state, says why, and goes on by itself',
    async (_what, answer, reason) => {
      const before = hosts();
      fault((seen, response) => {
        if (!isRead(seen)) return false;
        answer(seen, response);
        return true;
      });
      api.cut();
      const line = add(true);
      const told = await sourceIs('last-good');
      expect(told.source.reason).toMatch(reason);
      expect(hosts()).toBe(before);
      const health = await rig.syncctl(['health']);
      expect([health.code, health.stdout]).toEqual([69, expect.stringContaining('wa: active')]);
      for (const heal of taken.splice(0)) heal();
      await sourceIs('fresh');
      await arrives(line);
    },
  );

  it('whose watch is alive and tells nothing is found out by the poll', async () => {
    const line = add(true);
    await arrives(line);
  });

  it('that has compacted the history and refuses watches with 410 is listed again, and not in a loop', async () => {
    const from = api.seen.length;
    fault((seen, response) => {
      if (!seen.isWatch) return false;
      status(response, 410, 'too old resource version');
      return true;
    });
    api.cut();
    const line = add();
    await arrives(line);
    const before = fileOn(rig.node(0), 'run/sshd.log').length;
    const started = performance.now();
    await until('it has tried for a while', () => performance.now() - started > 4_000);
    const watches = api.seen.slice(from).filter(({ isWatch }) => isWatch).length;
    // Four objects, pauses that grow: a loop would ask hundreds of times.
    expect(watches).toBeLessThan(60);
    expect(fileOn(rig.node(0), 'run/sshd.log').length - before).toBeLessThan(2_000);
  });

  it('that shows an older version of an object after a failover is not obeyed', async () => {
    const line = add();
    await arrives(line);
    const now = api.data('service-registry') ?? {};
    const old = { 'services.json': '{"demo":{"subdomain":"demo","ip":"100.76.150.9","port":80}}' };
    const before = hosts();
    api.put('service-registry', old, { version: newest - 1, silently: true });
    await until('it is told as stale', async () => JSON.stringify(await report()).includes('older'));
    expect(hosts()).toBe(before);
    api.put('service-registry', now);
    await arrives(add());
  });

  it.each<[string, () => void]>([
    ['is deleted', () => fault((seen, response) => gone(seen, response, /service-registry/u))],
    ['is gone with its namespace', () => fault((seen, response) => gone(seen, response, /configmaps/u))],
    ['has lost its key', () => void api.put('service-registry', {})],
    ['is emptied to null', () => void api.put('service-registry', { 'services.json': 'null' })],
    ['is emptied to {}', () => void api.put('service-registry', { 'services.json': '{}' })],
  ])('a registry that %s changes no node, and is told until it is back', async (_what, spoil) => {
    const [before, whole] = [hosts(), api.data('service-registry') ?? {}];
    spoil();
    await until('it is told', async () => {
      const said = await rig.syncctl(['health']);
      return said.code !== 0 || /Held:|Quarantined:/u.test(said.stdout);
    });
    expect(hosts()).toBe(before);
    for (const heal of taken.splice(0)) heal();
    api.put('service-registry', whole);
    await arrives(add());
    expect(hosts()).toContain('demo.testcloud.local');
  });

  it('that refuses 95 of 100 status writes with 409 gets them in the end, and no push waits for them', async () => {
    let writes = 0;
    fault((seen, response) => {
      if (isRead(seen)) return false;
      writes += 1;
      if (writes % 20 === 0) return false;
      status(response, 409, 'the object has been modified');
      return true;
    });
    const line = add();
    await arrives(line);
    await until(
      'a status write got through',
      () =>
        writes >= 20 ||
        /"status":\s*"active"/u.test(api.data('sync-controller-registry')?.['registry.json'] ?? ''),
    );
    expect((await report()).nodes).toMatchObject([{ name: 'wa', state: 'active' }]);
    for (const heal of taken.splice(0)) heal();
    await until('the row says so', () =>
      /"status":\s*"active"/u.test(api.data('sync-controller-registry')?.['registry.json'] ?? ''),
    );
  });

  it('whose token expires is asked with the new one as soon as it stands in its file', async () => {
    fault((seen, response) => {
      if (seen.headers.authorization === 'Bearer token-2') return false;
      status(response, 401, 'Unauthorized');
      return true;
    });
    api.cut();
    const line = add(true);
    await sourceIs('last-good');
    writeFileSync(api.tokenFile, 'token-2\n');
    await arrives(line);
    expect((await sourceIs('fresh')).standing).toBe('writing');
    expect(daemon.process.exitCode).toBeNull();
  });
});

function gone(seen: Seen, response: ServerResponse, path: RegExp): boolean {
  const isMeant = path.test(seen.path) || path.test(seen.query.get('fieldSelector') ?? '');
  if (!isRead(seen) || seen.isWatch || !isMeant || /term|status/u.test(seen.path)) return false;
  status(response, 404, 'not found');
  return true;
}
