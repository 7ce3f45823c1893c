import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RemovalReport } from '../../src/contract/lifecycle.ts';
import type { ControllerStatus } from '../../src/contract/report.ts';
import { fleetAvailable } from '../fleet/availability.ts';
import { traefikAvailable } from '../servers/traefik.ts';
import { traefikOn, type NodeTraefik } from '../support/traefik-on-node.ts';
import { fileOn, startRig, until, type Daemon, type Ran, type Rig } from './rig.ts';

const ready = fleetAvailable('namespaces').available && traefikAvailable('v3').available;
const routesFile = 'home/node/traefik/config/mynodeone-routes.yml';
// So many that the guard would hold the withdrawal of all of them, were it not confirmed.
const names = ['one', 'two', 'three', 'four', 'five', 'six'];
interface Route {
  readonly domains: readonly string[];
  readonly vps_nodes: readonly string[];
  readonly strategy: string;
}

describe.skipIf(!ready)('removing a VPS of a cluster with several domains', () => {
  let rig: Rig;
  let daemon: Daemon;
  let traefik: NodeTraefik;
  beforeAll(async () => {
    rig = await startRig({
      nodes: [
        { type: 'vps_nodes', name: 'vps-a' },
        { type: 'vps_nodes', name: 'vps-b' },
      ],
    });
    traefik = await traefikOn(rig.node(0), 'v3');
    await rig.node(1).run('install -d -o node -g node /home/node/traefik /home/node/traefik/config');
    const [a, b] = [rig.node(0).address, rig.node(1).address];
    rig.edit('service-registry', 'services.json', () =>
      Object.fromEntries(
        names.map((name, index) => [
          name,
          { subdomain: name, ip: `100.76.150.${String(index + 1)}`, port: 80, public: true },
        ]),
      ),
    );
    rig.edit('domain-registry', 'routing.json', () =>
      Object.fromEntries(
        names.map((name) => [
          name,
          {
            domains: ['example.org'],
            vps_nodes: name === 'one' ? [a] : [b, a],
            strategy: 'primary-backup',
            updated: '2025-11-08T05:16:58Z',
          },
        ]),
      ),
    );
    rig.edit('domain-registry', 'domains.json', (value: object) => ({
      ...value,
      vps_nodes: [{ tailscale_ip: a, public_ip: '198.51.100.7', location: 'the far east' }],
    }));
    daemon = rig.daemon();
    await until('both serve what is routed to them', () =>
      [0, 1].every((index) => routes(index).includes('Host(`six.example.org`)')),
    );
  });
  afterAll(async () => {
    await rig.stop();
  });

  const routes = (index: number): string => fileOn(rig.node(index), routesFile);
  const routing = (): Record<string, Route> =>
    rig.read('domain-registry', 'routing.json') as Record<string, Route>;
  const remove = (...words: readonly string[]): Promise<Ran> => rig.syncctl(['node', 'remove', ...words]);
  const status = async (): Promise<ControllerStatus> =>
    JSON.parse((await rig.syncctl(['status', '-o', 'json'])).stdout) as ControllerStatus;
  let undo: readonly string[] = [];

  it('shows before the question what goes, and writes nothing without an answer', async () => {
    const before = [routing(), rig.read('domain-registry', 'domains.json')];
    const ran = await remove('vps-a');
    expect(ran.code).toBe(64);
    expect(ran.stderr).toMatch(
      /routing\.json\/one\/vps_nodes: loses .*served nowhere\n.*routing\.json\/two\/vps_nodes: loses .* stays\n/u,
    );
    expect(ran.stderr).toMatch(
      /domains\.json\/vps_nodes: loses the record of .*\n.*loses the row of vps-a\n/u,
    );
    expect(ran.stderr).toContain('No VPS serves one.example.org any more\n');
    expect(ran.stderr).not.toContain('two.example.org');
    expect([routing(), rig.read('domain-registry', 'domains.json')]).toEqual(before);
    await until('Traefik serves it', async () => (await traefik.ask('one.example.org')) !== '404');
  });

  it('B45, B49: takes it out of routes, records and rows at once; the guard holds nothing, and the other VPS keeps its bytes', async () => {
    const [a, b] = [rig.node(0).address, rig.node(1).address];
    const [before, others] = [routing(), routes(1)];
    const ran = await remove('vps-a', '--yes', '-o', 'json');
    expect([ran.code, ran.stderr]).toEqual([0, expect.any(String)]);
    const report = JSON.parse(ran.stdout) as RemovalReport;
    expect(report).toMatchObject({ result: 'withdrawn', hostsRemoved: ['one.example.org'] });
    undo = report.undo;
    for (const command of undo) expect(ran.stderr).toContain(`To undo: ${command}`);
    expect(routing()).toEqual(
      Object.fromEntries(
        names.map((name) => [name, { ...before[name], vps_nodes: name === 'one' ? [] : [b] }]),
      ),
    );
    expect(rig.read('domain-registry', 'domains.json')).toMatchObject({ vps_nodes: [] });
    const rows = JSON.stringify(rig.read('sync-controller-registry', 'registry.json'));
    expect([rows.includes(a), rows.includes(b)]).toEqual([false, true]);
    expect(routes(0)).toBe('');
    await until('Traefik has let go', async () => (await traefik.ask('one.example.org')) === '404');
    await until('the daemon has seen all of it', async () => (await status()).nodes.length === 1);
    expect(await status()).toMatchObject({ held: [], orphans: [] });
    expect(daemon.said()).not.toContain('removal withheld');
    await rig.syncctl(['push']);
    expect([routes(0), routes(1)]).toEqual(['', others]);
  });

  it('comes back by the commands that were printed', async () => {
    for (const command of undo) {
      // As a shell takes the line apart.
      const words = [...command.matchAll(/'([^']*)'|(\S+)/gu)].map((match) => match[1] ?? match[2] ?? '');
      const ran = await rig.syncctl([...words.slice(1), '--yes']);
      expect([command, ran.code, ran.stderr]).toEqual([command, 0, expect.any(String)]);
    }
    await until('it serves again', () =>
      names.every((name) => routes(0).includes(`\`${name}.example.org\``)),
    );
    const [a, b] = [rig.node(0).address, rig.node(1).address];
    expect(routing()['one']).toMatchObject({ vps_nodes: [a], strategy: 'primary-backup' });
    expect(routing()['six']).toMatchObject({ vps_nodes: [b, a], strategy: 'primary-backup' });
    expect(rig.read('domain-registry', 'domains.json')).toMatchObject({
      vps_nodes: [{ tailscale_ip: a, public_ip: '198.51.100.7', location: 'the far east' }],
    });
  });

  it('an unreachable one is called off by restore, which names what the row alone does not bring back', async () => {
    await rig.node(1).unplug();
    const pending = await remove('vps-b', '--yes');
    expect([pending.code, pending.stdout]).toEqual([1, 'vps-b: pending\n']);
    const restored = await rig.syncctl(['node', 'restore', 'vps-b']);
    expect(restored.code).toBe(0);
    expect(restored.stderr).toContain('vps-b has no record for public DNS: syncctl domain add --vps');
    expect(restored.stderr).toContain('no route names vps-b');
    await rig.node(1).plug();
    // Its routes were taken away by the removal, and are not served again by its return.
    await until('it holds what it should: no route', () => routes(1) !== '' && !routes(1).includes('Host('));
    expect((await rig.syncctl(['plan', 'vps-b'])).code).toBe(0);
  });

  it('with --abandon the registries forget it likewise; with the last VPS gone nothing is served everywhere', async () => {
    const [before, a] = [routes(0), rig.node(0).address];
    expect((await remove('vps-b', '--yes')).code).toBe(0);
    const ran = await remove('vps-a', '--abandon', '--yes');
    expect([ran.code, ran.stdout]).toEqual([0, 'vps-a: abandoned\n']);
    expect(routes(0)).toBe(before);
    expect(names.map((name) => routing()[name]?.vps_nodes)).toEqual(names.map(() => []));
    expect(rig.read('domain-registry', 'domains.json')).toMatchObject({ vps_nodes: [] });
    expect((await rig.syncctl(['validate'])).stdout).toContain('lists no VPS: the service is served nowhere');
    // The same machine comes back under a row of its own: no route names it, so it serves none.
    await rig.syncctl(['node', 'add', a, '--type', 'vps', '--user', 'node', '--name', 'again', '--yes']);
    await until('it holds no route', () => !routes(0).includes('Host('));
    expect(await traefik.ask('one.example.org')).toBe('404');
  });

  it('killed with -9 between two writes, without a daemon, it is finished by running it again', async () => {
    await daemon.stop();
    const a = rig.node(0).address;
    for (const words of [
      ['domain', 'add', '--vps', a, '--public-ip', '198.51.100.7'],
      ['domain', 'route', 'one', 'example.org', '--vps', a],
      ['push'],
    ])
      expect([words, (await rig.syncctl(words)).code]).toEqual([words, 0]);
    expect(routes(0)).toContain('Host(`one.example.org`)');
    const killed = await rig.syncctl(['node', 'remove', 'again', '--yes'], {
      env: { NODE_OPTIONS: `--import ${killAfterFirst(rig.folder, 'domain-registry.json')}` },
    });
    expect(killed.code).toBeNull();
    // The half-state: out of the route, all else as before.
    expect(routing()['one']?.vps_nodes).toEqual([]);
    expect(rig.read('domain-registry', 'domains.json')).toMatchObject({ vps_nodes: [{ tailscale_ip: a }] });
    expect(JSON.stringify(rig.read('sync-controller-registry', 'registry.json'))).toContain(a);
    const again = await remove('again', '--yes');
    expect([again.code, again.stdout]).toEqual([0, 'again: withdrawn\n']);
    expect(rig.read('domain-registry', 'domains.json')).toMatchObject({ vps_nodes: [] });
    expect(JSON.stringify(rig.read('sync-controller-registry', 'registry.json'))).not.toContain(a);
    expect(routes(0)).toBe('');
    expect((await rig.syncctl(['node', 'remove', 'again', '--yes'])).code).toBe(66);
  });
});

/** A module that kills its own process as soon as a file of that name was replaced. */
function killAfterFirst(folder: string, name: string): string {
  const file = join(folder, 'kill.mjs');
  const lines = [
    "import fs from 'node:fs';",
    "import { syncBuiltinESMExports } from 'node:module';",
    'const rename = fs.renameSync;',
    'fs.renameSync = (from, to) => {',
    '  rename(from, to);',
    `  if (String(to).endsWith(${JSON.stringify(name)})) process.kill(process.pid, 'SIGKILL');`,
    '};',
    'syncBuiltinESMExports();',
  ];
  writeFileSync(file, lines.join('\n'));
  return file;
}
