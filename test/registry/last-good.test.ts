import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RawObject, RegistryObject, Snapshot } from '../../src/model/snapshot.ts';
import { rawOf } from '../../src/registry/directory-pick.ts';
import { LastGood } from '../../src/registry/last-good.ts';
import { parseRegistries } from '../../src/registry/parse.ts';

let state: string;
beforeEach(async () => {
  state = await mkdtemp(join(tmpdir(), 'last-good-'));
});
afterEach(() => rm(state, { recursive: true, force: true }));

const service = (port: unknown): unknown => ({ subdomain: 'demo', ip: '100.64.0.1', port, public: true });
const registries = (services: Record<string, unknown>): ReadonlyMap<RegistryObject, RawObject> =>
  new Map(
    (
      [
        ['service-registry', { 'services.json': JSON.stringify(services) }],
        [
          'sync-controller-registry',
          { 'registry.json': '{"management_laptops":[],"vps_nodes":[],"worker_nodes":[]}' },
        ],
        ['domain-registry', { 'domains.json': '{"domains":{},"vps_nodes":[]}', 'routing.json': '{}' }],
        ['cluster-info', { 'cluster-name': 'x', 'cluster-domain': 'minicloud' }],
      ] as const
    ).map(([name, data]) => [name, rawOf(name, { data, annotations: {} })]),
  );
const open = (source = 'directory /a'): LastGood =>
  new LastGood({ stateDirectory: state, source, parse: parseRegistries });

/** Feeds readings in turn, as the registry does. */
async function remember(
  store: LastGood,
  ...readings: ReadonlyMap<RegistryObject, RawObject>[]
): Promise<Snapshot> {
  let snapshot: Snapshot | undefined;
  for (const objects of readings) {
    snapshot = parseRegistries(objects, snapshot);
    await store.remember(objects, snapshot);
  }
  if (snapshot === undefined) throw new Error('no readings');
  return snapshot;
}

describe('the last good state', () => {
  test('is nothing before the first reading', async () => {
    expect(await open().restore()).toEqual({ snapshot: undefined, damaged: [] });
  });

  test('comes back equal after a restart', async () => {
    const before = await remember(open(), registries({ a: service(80) }));
    const { snapshot } = await open().restore();
    expect(snapshot?.digest).toBe(before.digest);
    expect(snapshot?.services.get('a')?.port).toBe(80);
  });

  test('keeps what each bad entry last was when good, also where it became good beside another bad one', async () => {
    const bad = 'no port';
    const before = await remember(
      open(),
      registries({ a: service(1) }),
      registries({ a: service(bad) }),
      registries({ a: service(bad), b: { ...(service(2) as object), subdomain: 'b' } }),
      registries({ a: service(bad), b: { ...(service(bad) as object), subdomain: 'b' } }),
    );
    expect([...before.services.keys()].sort()).toEqual(['a', 'b']);
    const { snapshot } = await open().restore();
    expect(snapshot?.digest).toBe(before.digest);
    expect(snapshot?.findings.some((finding) => finding.severity === 'error')).toBe(true);
  });

  test('stays of bounded size however often a flawed registry changes', async () => {
    const store = open();
    await remember(
      store,
      ...Array.from({ length: 40 }, (_, n) =>
        registries({
          a: service(n === 0 ? 1 : 'bad'),
          [`s${n}`]: { ...(service(80) as object), subdomain: `s${n}` },
        }),
      ),
    );
    const size = (await readFile(join(state, (await readdir(state))[0] ?? ''))).length;
    expect(size).toBeLessThan(5000);
    expect((await open().restore()).snapshot?.services.has('a')).toBe(true);
  });

  test('is kept apart for each source', async () => {
    await remember(open(), registries({ a: service(80) }));
    expect((await open('directory /b').restore()).snapshot).toBeUndefined();
  });

  test('falls back to the older generation where the newer is damaged, and says so', async () => {
    const store = open();
    const first = await remember(store, registries({ a: service(80) }));
    await remember(store, registries({ a: service(81) }));
    const file = join(state, (await readdir(state)).find((name) => name.endsWith('.json')) ?? '');
    await truncate(file, 100);
    expect(await open().restore()).toMatchObject({ snapshot: { digest: first.digest }, damaged: [file] });
  });

  test('is nothing where the file is of another format', async () => {
    const store = open();
    await remember(store, registries({}));
    const file = join(state, (await readdir(state))[0] ?? '');
    await writeFile(file, 'hello\n');
    expect((await open().restore()).snapshot).toBeUndefined();
  });

  test('is not written again when nothing changed', async () => {
    const store = open();
    await remember(store, registries({ a: service(80) }));
    await rm(join(state, (await readdir(state))[0] ?? ''));
    await remember(store, registries({ a: service(80) }));
    expect(await readdir(state)).toEqual([]);
  });
});
