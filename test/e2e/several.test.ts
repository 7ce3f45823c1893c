import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import { fileOn, startRig, until, type Daemon, type Rig } from './rig.ts';

const available = fleetAvailable('namespaces').available;

interface Status {
  readonly sources: readonly {
    name: string;
    state: string;
    reason: string | null;
    services: number;
    nodes: number;
  }[];
  readonly nodes: readonly { name: string; source: string; state: string }[];
  readonly findings: readonly { path: string }[];
  readonly held: readonly { reason: string }[];
}

describe.skipIf(!available)('one controller over two clusters', { timeout: 240_000 }, () => {
  let rig: Rig;
  let east: string;
  let daemon: Daemon;
  const hosts = (index: number): string => fileOn(rig.node(index), 'etc/hosts');
  const both = (text: string): boolean => [0, 1].every((index) => hosts(index).includes(text));
  const status = async (): Promise<Status> =>
    JSON.parse((await rig.syncctl(['status', '-o', 'json'])).stdout) as Status;
  const read = (folder: string, object: string, key: string): Record<string, never> =>
    JSON.parse(
      (JSON.parse(readFileSync(join(folder, `${object}.json`), 'utf8')) as { data: Record<string, string> })
        .data[key] ?? 'null',
    ) as Record<string, never>;
  const write = (folder: string, object: string, data: Record<string, string>): void => {
    const manifest = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: object, namespace: 'kube-system' },
      data,
    };
    const path = join(folder, `${object}.json`);
    writeFileSync(`${path}.new`, JSON.stringify(manifest, null, 2));
    renameSync(`${path}.new`, path);
  };
  const services = (entries: Record<string, string>): Record<string, string> => ({
    'services.json': JSON.stringify(
      Object.fromEntries(
        Object.entries(entries).map(([name, ip]) => [name, { subdomain: name, ip, port: 80, public: false }]),
      ),
    ),
  });

  beforeAll(async () => {
    rig = await startRig({
      nodes: [
        { type: 'worker_nodes', name: 'wa' },
        { type: 'worker_nodes', name: 'wb' },
      ],
    });
    east = join(rig.folder, 'east');
    mkdirSync(east);
    // The second worker is east's.
    const all = read(rig.registry, 'sync-controller-registry', 'registry.json') as unknown as Record<
      string,
      object[]
    >;
    const [wa, wb] = all['worker_nodes'] ?? [];
    const rows = (row: object | undefined): Record<string, string> => ({
      'registry.json': JSON.stringify({ ...all, worker_nodes: [row] }),
    });
    write(rig.registry, 'sync-controller-registry', rows(wa));
    write(east, 'sync-controller-registry', rows(wb));
    write(
      east,
      'service-registry',
      services({
        demo: '10.20.0.1',
        git: '10.20.0.2',
        b1: '10.20.0.3',
        b2: '10.20.0.4',
        b3: '10.20.0.5',
        b4: '10.20.0.6',
      }),
    );
    write(east, 'domain-registry', { 'domains.json': '{}', 'routing.json': '{}' });
    write(east, 'cluster-info', { 'cluster-name': 'east', 'cluster-domain': 'eastcloud' });
    const settings = readFileSync(rig.settings, 'utf8').replace(
      /source:\n {2}kind: directory\n {2}directory: .*\n/u,
      `sources:\n  - {name: home, kind: directory, directory: ${rig.registry}, priority: 10}\n  - {name: east, kind: directory, directory: ${east}, priority: 1}\nstatus: {writeBack: true, flushMs: 300}\nwatch: {pollMs: 500}\n`,
    );
    writeFileSync(rig.settings, settings);
    daemon = rig.daemon();
    await until(
      'both nodes have both clusters',
      () => both('git.eastcloud.local') && both('demo.testcloud.local'),
    );
  });
  afterAll(async () => {
    await rig.stop();
  });

  it('brings both to every node, and says whose each node is and who lost', async () => {
    expect(both('10.20.0.1')).toBe(false);
    const { sources, nodes, findings } = await status();
    expect(sources.map(({ name, state, nodes: own }) => [name, state, own])).toEqual([
      ['home', 'fresh', 1],
      ['east', 'fresh', 1],
    ]);
    expect(nodes.map(({ name, source }) => [name, source]).toSorted()).toEqual([
      ['wa', 'home'],
      ['wb', 'east'],
    ]);
    expect(findings.map(({ path }) => path)).toContain('east:service-registry/services.json/demo');
    expect((await rig.syncctl(['validate'])).stdout).toContain('that of home counts');
  });

  it('writes the status of a node into the source that owns it', async () => {
    const rowOf = (folder: string): { status?: string } | undefined =>
      (
        read(folder, 'sync-controller-registry', 'registry.json') as unknown as Record<
          string,
          { status?: string }[]
        >
      )['worker_nodes']?.[0];
    await until('both rows are active', () =>
      [rig.registry, east].every((folder) => rowOf(folder)?.status === 'active'),
    );
  });

  it('edits one source, and only where it is named', async () => {
    const refused = await rig.syncctl(['service', 'register', 'new', '--ip', '10.20.0.9', '--port', '80']);
    expect([refused.code, refused.stderr]).toEqual([
      64,
      expect.stringContaining('--source: expected one of home, east'),
    ]);
    const words = ['service', 'register', 'new', '--ip', '10.20.0.9', '--port', '80', '--source', 'east'];
    const done = await rig.syncctl(words);
    expect([done.code, done.stderr]).toEqual([0, expect.any(String)]);
    await until('it is everywhere', () => both('new.eastcloud.local'));
    const list = await rig.syncctl(['service', 'list', '-o', 'wide']);
    expect(list.stdout).toMatch(/grafana[\s\S]*git|git[\s\S]*grafana/u);
    expect(list.stdout).toContain('east');
  });

  it('withholds the loss of most of one share', async () => {
    write(east, 'service-registry', services({ git: '10.20.0.2' }));
    await until('it is held', async () => (await status()).held.length > 0);
    expect((await status()).held[0]?.reason).toContain('services of the source east');
    expect(both('b3.eastcloud.local')).toBe(true);
    write(
      east,
      'service-registry',
      services({
        git: '10.20.0.2',
        b1: '10.20.0.3',
        b2: '10.20.0.4',
        b3: '10.20.0.5',
        b4: '10.20.0.6',
        new: '10.20.0.9',
      }),
    );
    await until('nothing is held', async () => (await status()).held.length === 0);
  });

  it('goes on with the others while one is dead, which keeps its share, also over a restart', async () => {
    renameSync(east, `${east}.away`);
    await until('it is told', async () => (await status()).sources[1]?.state === 'last-good');
    rig.edit('service-registry', 'services.json', (value: object) => ({
      ...value,
      late: { subdomain: 'late', ip: '10.30.0.1', port: 80 },
    }));
    await until('an edit of the living one arrives', () => both('late.testcloud.local'));
    expect(both('b3.eastcloud.local')).toBe(true);
    await daemon.stop();
    daemon = rig.daemon();
    rig.edit('service-registry', 'services.json', (value: object) => ({
      ...value,
      later: { subdomain: 'later', ip: '10.30.0.2', port: 80 },
    }));
    await until('an edit arrives after a restart, too', () => both('later.testcloud.local'));
    expect(both('b3.eastcloud.local')).toBe(true);
    renameSync(`${east}.away`, east);
    await until('it is back', async () => (await status()).sources[1]?.state === 'fresh');
  });
});
