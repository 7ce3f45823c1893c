import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import { runProgram } from '../fleet/process.ts';
import { fileOn, startRig, until, type Rig } from './rig.ts';

const available = fleetAvailable('namespaces').available;
const routesFile = 'home/node/traefik/config/mynodeone-routes.yml';

describe.skipIf(!available)("an admin's day on real nodes, with the folder as the source", () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig({
      nodes: [
        { type: 'vps_nodes', name: 'vps' },
        { type: 'management_laptops', name: 'laptop' },
        { type: 'worker_nodes', name: 'worker' },
      ],
    });
    await rig.node(0).run('install -d -o node -g node /home/node/traefik /home/node/traefik/config');
    rig.daemon();
    await until('every node has the first plan', () => routes().includes('demo') && hosts().includes('demo'));
  });
  afterAll(async () => {
    await rig.stop();
  });

  const routes = (): string => fileOn(rig.node(0), routesFile);
  const hosts = (): string => fileOn(rig.node(1), 'etc/hosts');
  const well = async (...words: readonly string[]): Promise<string> => {
    const ran = await rig.syncctl(words);
    expect([words.join(' '), ran.code, ran.stderr]).toEqual([words.join(' '), 0, expect.any(String)]);
    return ran.stdout;
  };

  it('register, publish, unpublish and unregister a service', async () => {
    await well('service', 'register', 'wiki', '--ip', '100.76.150.61', '--port', '8080');
    await until('the name is inside', () => hosts().includes('100.76.150.61\twiki.testcloud.local'));
    expect(routes()).not.toContain('wiki');
    await well('service', 'publish', 'wiki');
    await until(
      'the route is outside',
      () => routes().includes('Host(`wiki.example.org`)') && routes().includes('http://100.76.150.61:8080'),
    );
    expect(await well('service', 'show', 'wiki')).toContain('wiki.example.org');
    await well('service', 'unpublish', 'wiki', '--yes');
    await until('the route is gone', () => !routes().includes('wiki'));
    expect(hosts()).toContain('wiki.testcloud.local');
    await well('service', 'unregister', 'wiki', '--yes');
    await until('the name is gone', () => !hosts().includes('wiki'));
  });

  it('add and route a domain: what is public stays served, and the new name comes', async () => {
    await well('domain', 'add', 'example.net', '--description', 'second');
    await well(
      'domain',
      'add',
      '--vps',
      rig.node(0).address,
      '--public-ip',
      '198.51.100.7',
      '--location',
      'eu',
    );
    await well('domain', 'route', 'demo', 'example.net', '--vps', rig.node(0).address);
    await until(
      'both names are routed',
      () => routes().includes('demo.example.net') && routes().includes('demo.example.org'),
    );
    expect(await well('domain', 'show', 'example.net')).toMatch(/demo\.example\.net +A +198\.51\.100\.7/u);
    await well('domain', 'unroute', 'demo', '--yes');
    await until('no route is left', () => !routes().includes('Host('));
    await well('domain', 'remove', 'example.net', '--yes');
    expect(JSON.parse(await well('domain', 'list', '-o', 'json'))).toMatchObject({
      domains: [{ name: 'example.org' }],
    });
  });

  it('the documented commands of the predecessor go on working', async () => {
    const script = new URL('../../scripts/lib/sync-controller.sh', import.meta.url).pathname;
    const shim = join(rig.folder, 'syncctl');
    const main = new URL(
      process.env['SYNC_TEST_SOURCE'] === undefined ? '../../dist/main.js' : '../../src/main.ts',
      import.meta.url,
    ).pathname;
    writeFileSync(shim, `#!/bin/bash\nexec ${process.execPath} ${main} "$@" --config ${rig.settings}\n`);
    chmodSync(shim, 0o755);
    const old = (...words: readonly string[]) =>
      runProgram(['bash', script, ...words], { env: { ...process.env, SYNCCTL: shim, NO_COLOR: '1' } });
    expect((await old('health')).stdout).toMatch(
      /Node Health Status[^]*VPS Edge Nodes:\n {2}• vps: \w+ \(last sync: /u,
    );
    const pushed = await old('push');
    expect(pushed.stderr).toContain('Sync complete: ');
    expect((await old('register', 'worker_nodes', '100.64.9.9', 'later', 'sammy', '8080')).code).toBe(0);
    const rows = rig.read('sync-controller-registry', 'registry.json') as { worker_nodes: object[] };
    expect(rows.worker_nodes.at(-1)).toMatchObject({
      ip: '100.64.9.9',
      name: 'later',
      ssh_user: 'sammy',
      status: 'pending_sync',
    });
    expect((await old('register', 'toasters', '100.64.9.9')).code).toBe(64);
    await well('node', 'remove', 'later', '--abandon', '--yes');
  });

  it('-o json holds exactly what docs/cli-json.md says', async () => {
    const text = readFileSync(new URL('../../docs/cli-json.md', import.meta.url), 'utf8');
    const contract = new Map(
      text
        .split(/^## /mu)
        .slice(1)
        .map((section) => {
          const fields = [...section.matchAll(/^\| ((?:`\w+`(?:, )?)+) \|/gmu)].flatMap(([, cell = '']) =>
            [...cell.matchAll(/`(\w+)`/gu)].map((match) => match[1]),
          );
          return [section.split('\n')[0]?.trim(), ['apiVersion', 'kind', ...fields].sort()];
        }),
    );
    const asked = [
      ['health'],
      ['status'],
      ['push', 'worker'],
      ['plan', 'worker'],
      ['render', 'vps'],
      ['validate'],
      ['doctor'],
      ['node', 'list'],
      ['node', 'show', 'vps'],
      ['node', 'stats'],
      ['service', 'list'],
      ['service', 'show', 'demo'],
      ['domain', 'list'],
      ['domain', 'show'],
      ['term', 'show'],
      ['version'],
      ['service', 'publish', 'grafana', '--dry-run'],
      ['node', 'trust', 'worker', '--from', 'scan', '--yes'],
    ];
    for (const words of asked) {
      const ran = await rig.syncctl([...words, '-o', 'json']);
      const value = JSON.parse(ran.stdout) as { kind: string };
      expect([words.join(' '), Object.keys(value).sort()]).toEqual([
        words.join(' '),
        contract.get(value.kind),
      ]);
    }
  });
});
