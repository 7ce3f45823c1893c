import { rm, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Snapshot } from '../../src/model/snapshot.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { parseRegistries } from '../../src/registry/parse.ts';
import { Registry, type RegistryState } from '../../src/registry/registry.ts';
import { DirectoryBench } from './directory-bench.ts';

let bench: DirectoryBench;
let over: AbortController;
let registry: Registry;
let events: { what: string; state: RegistryState }[];
const warnings: string[] = [];

const open = async (): Promise<Registry> => {
  const source = await bench.open({ pollMs: 100 });
  const made = new Registry({
    source,
    parse: parseRegistries,
    stateDirectory: bench.state,
    clock: systemClock,
    retryMs: 50,
    warn: (text) => warnings.push(text),
  });
  made.subscribe((state, what) => events.push({ what, state }));
  return made;
};

beforeEach(async () => {
  bench = await DirectoryBench.make();
  over = new AbortController();
  events = [];
  warnings.length = 0;
  await bench.put('service-registry', { 'services.json': services({ demo: 80 }) });
  await bench.put('sync-controller-registry', {
    'registry.json': '{"management_laptops":[],"vps_nodes":[],"worker_nodes":[]}',
  });
  await bench.put('domain-registry', { 'domains.json': '{}', 'routing.json': '{}' });
  await bench.put('cluster-info', { 'cluster-name': 'x', 'cluster-domain': 'minicloud' });
  registry = await open();
});
afterEach(async () => {
  over.abort();
  await registry.stopped();
  await bench.close();
});

function services(ports: Record<string, number>, pretty = false): string {
  const entries = Object.entries(ports).map(([name, port]) => [
    name,
    { subdomain: name, ip: '100.64.0.1', port, public: true },
  ]);
  return JSON.stringify(Object.fromEntries(entries), null, pretty ? 2 : 0);
}
const putServices = (ports: Record<string, number>, pretty = false): Promise<void> =>
  bench.put('service-registry', { 'services.json': services(ports, pretty) });
const names = (snapshot: Snapshot | undefined): string[] => [...(snapshot?.services.keys() ?? [])];
const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 20_000, interval: 5 });

describe('the registry', () => {
  test('has no state before it is read, and a fresh one after', async () => {
    expect(registry.current()).toMatchObject({ snapshot: undefined, sourceState: 'none' });
    expect(await registry.start(over.signal)).toMatchObject({ sourceState: 'fresh', reason: undefined });
    expect(names(registry.current().snapshot)).toEqual(['demo']);
    expect(events.map(({ what }) => what)).toEqual(['desired']);
  });

  test('tells of an edit once', async () => {
    await registry.start(over.signal);
    events.length = 0;
    await putServices({ demo: 80, two: 81 });
    await until(() => expect(names(registry.current().snapshot)).toEqual(['demo', 'two']));
    expect(events.map(({ what }) => what)).toEqual(['desired']);
  });

  test('tells of nothing where only formatting and order changed', async () => {
    await putServices({ demo: 80, two: 81 });
    await registry.start(over.signal);
    events.length = 0;
    await putServices({ two: 81, demo: 80 }, true);
    await registry.refresh(over.signal);
    await bench.put('cluster-info', { 'cluster-name': 'x', 'cluster-domain': 'other' });
    await until(() => expect(events.length).toBeGreaterThan(0));
    expect(events.map(({ state }) => state.snapshot?.clusterInfo.domain)).toEqual(['other']);
  });

  test('B8 sees a change of each of the four objects', async () => {
    await registry.start(over.signal);
    const changes = [
      (): Promise<void> => putServices({ demo: 81 }),
      (): Promise<void> =>
        bench.put('sync-controller-registry', {
          'registry.json':
            '{"management_laptops":[{"ip":"100.64.0.9","name":"l","ssh_user":"u"}],"vps_nodes":[],"worker_nodes":[]}',
        }),
      (): Promise<void> =>
        bench.put('domain-registry', {
          'domains.json': '{"domains":{"x.example":{"description":""}},"vps_nodes":[]}',
          'routing.json': '{}',
        }),
      (): Promise<void> => bench.put('cluster-info', { 'cluster-name': 'x', 'cluster-domain': 'other' }),
    ];
    for (const change of changes) {
      const digest = registry.current().snapshot?.digest;
      await change();
      await until(() => expect(registry.current().snapshot?.digest).not.toBe(digest));
    }
  });

  test('keeps the last state of a source that cannot be read, says so, and recovers by itself', async () => {
    await registry.start(over.signal);
    const digest = registry.current().snapshot?.digest;
    events.length = 0;
    await bench.break();
    await until(() => expect(registry.current().sourceState).toBe('last-good'));
    expect(registry.current()).toMatchObject({
      snapshot: { digest },
      reason: expect.stringContaining(bench.folder),
    });
    await bench.mend();
    await until(() => expect(registry.current().sourceState).toBe('fresh'));
    expect(events.map(({ what }) => what)).toEqual(['source', 'source']);
  });

  test('keeps the objects of a file that no longer parses and takes the others', async () => {
    await registry.start(over.signal);
    await bench.write('service-registry.yaml', 'data: [');
    await bench.put('cluster-info', { 'cluster-name': 'x', 'cluster-domain': 'other' });
    await until(() =>
      expect(registry.current().snapshot).toMatchObject({
        complete: false,
        clusterInfo: { domain: 'other' },
      }),
    );
    expect(names(registry.current().snapshot)).toEqual(['demo']);
    expect(JSON.stringify(registry.current().snapshot?.findings)).toContain('service-registry.yaml');
  });

  test('starts from the last good state where the source is broken at start', async () => {
    await registry.load(over.signal);
    const digest = registry.current().snapshot?.digest;
    await bench.break();
    const second = await open();
    const state = await second.start(over.signal);
    expect(state).toMatchObject({ sourceState: 'last-good', snapshot: { digest } });
    await bench.mend();
    await until(() => expect(second.current().sourceState).toBe('fresh'));
    over.abort();
    await second.stopped();
  });

  test('starts without any state where there is none, and says why', async () => {
    await rm(bench.folder, { recursive: true });
    expect(await registry.load(over.signal)).toMatchObject({
      snapshot: undefined,
      sourceState: 'none',
      reason: expect.stringContaining('ENOENT'),
    });
  });

  test('goes on where the last good state cannot be stored, and warns', async () => {
    await writeFile(bench.state, 'a file in the place of the state directory');
    expect(await registry.load(over.signal)).toMatchObject({ sourceState: 'fresh' });
    expect(warnings.join()).toContain('could not be stored');
  });

  test('answers a burst of changes with the newest state', async () => {
    await registry.start(over.signal);
    events.length = 0;
    for (let port = 1; port <= 40; port++) await putServices({ demo: port });
    await until(() => expect(registry.current().snapshot?.services.get('demo')?.port).toBe(40));
    expect(events.length).toBeLessThan(20);
  });

  test('gives every caller of refresh a state read after the call', async () => {
    await registry.load(over.signal);
    const states = await Promise.all(
      Array.from({ length: 20 }, async (_, n) => {
        await putServices({ demo: 100 + n });
        return (await registry.refresh(over.signal)).snapshot?.services.get('demo')?.port ?? 0;
      }),
    );
    expect(Math.min(...states.slice(-1))).toBe(119);
    expect(states.every((port, n) => port >= 100 + n)).toBe(true);
  });

  test('tells a listener no more once it has unsubscribed', async () => {
    const seen: string[] = [];
    const stop = registry.subscribe((_, what) => seen.push(what));
    await registry.load(over.signal);
    stop();
    await putServices({ demo: 1 });
    await registry.refresh(over.signal);
    expect(seen).toEqual(['desired']);
  });
});
