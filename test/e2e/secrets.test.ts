import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import { fileOn, initialObjects, startRig, until, type Daemon, type Rig } from './rig.ts';
import { makeIdentity, sealed, secrets, shownIn, writeObjects } from './secrets-rig.ts';

const available = fleetAvailable('namespaces').available;
const nodes = [
  { type: 'vps_nodes', name: 'vps' },
  { type: 'management_laptops', name: 'laptop' },
] as const;
const routesFile = 'home/node/traefik/config/mynodeone-routes.yml';
function filesUnder(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}

describe.skipIf(!available)('registries with sealed values in them', { timeout: 240_000 }, () => {
  let rig: Rig;
  let daemon: Daemon;
  let identity: string;
  const said: string[] = [];
  const hosts = (): string => fileOn(rig.node(1), 'etc/hosts');
  const vps = (): string => fileOn(rig.node(0), routesFile);
  const socket = (): string => join(rig.folder, 'run', 'syncctl.sock');
  const state = (): string => join(rig.folder, 'state');
  const start = (): void => {
    daemon = rig.daemon();
  };
  const stop = async (): Promise<void> => {
    await daemon.stop();
    said.push(daemon.said());
  };
  const well = async (): Promise<boolean> =>
    (await rig.syncctl(['health', '-o', 'json'])).stdout.match(/"state": "active"/gu)?.length === 2;

  beforeAll(async () => {
    rig = await startRig({
      nodes,
      settings: 'log:\n  level: trace\nstatus:\n  writeBack: true\n  flushMs: 500\n',
    });
    await rig.node(0).run('install -d -o node -g node /home/node/traefik /home/node/traefik/config');
    identity = await makeIdentity(rig, (text) => {
      writeFileSync(rig.settings, readFileSync(rig.settings, 'utf8') + text);
    });
    expect(statSync(identity).mode & 0o777).toBe(0o600);
    writeObjects(rig, await sealed(rig, initialObjects(rig.fleet, { nodes })));
    start();
    await until('both nodes are active', well);
  });
  afterAll(async () => {
    await rig.stop();
  });

  it('reach the nodes as what they say', () => {
    const { subdomain, ip, clusterDomain, routed } = secrets;
    expect(hosts()).toMatch(
      new RegExp(`${ip.replaceAll('.', '\\.')}\\s.*${subdomain}\\.${clusterDomain}`, 'u'),
    );
    expect(vps()).toContain(`${subdomain}.${routed}`);
    expect(vps()).toContain(`http://${ip}:80`);
  });

  it('show in nothing that a command prints, not even in plans and renderings', async () => {
    await rig.node(1).run("sed -i 's/^\\(10\\..*\\)$/\\1 # changed/' /etc/hosts");
    const lines = [
      ...[
        'health',
        'status',
        'plan',
        'validate',
        'history',
        'history show latest',
        'blame laptop',
        'why laptop',
      ],
      ...[
        'node list',
        'node show vps',
        'service list',
        'service show demo',
        'domain list',
        'domain show',
        'doctor',
      ],
      ...['render laptop', 'render vps', 'secret check', 'rollout show', 'term show', 'node stats', 'drift'],
      ...[
        'service publish demo --dry-run',
        'service unpublish demo --dry-run',
        'domain unroute demo --dry-run',
      ],
    ];
    for (const line of lines)
      for (const form of /^(?:health|status|plan|blame|service show|domain show|render)/u.test(line)
        ? ['wide', 'json']
        : ['wide']) {
        const { stdout, stderr } = await rig.syncctl([...line.split(' '), '-o', form]);
        expect([line, form, shownIn(stdout + stderr)]).toEqual([line, form, []]);
      }
    expect((await rig.syncctl(['render', 'laptop'])).stdout).toContain('age:…(sealed)');
    expect((await rig.syncctl(['secret', 'check'])).code).toBe(0);
  });

  it('show in no saved plan, backup or support bundle', async () => {
    const folder = mkdtempSync(join(rig.folder, 'out-'));
    await rig.syncctl(['plan', '--out', join(folder, 'plan.json')]);
    expect((await rig.syncctl(['backup', join(folder, 'backup.tar.gz')])).code).toBe(0);
    expect((await rig.syncctl(['support-bundle', join(folder, 'support.tar.gz')])).code).toBe(0);
    for (const name of ['backup', 'support']) {
      execFileSync('tar', ['-xzf', join(folder, `${name}.tar.gz`), '-C', folder]);
      rmSync(join(folder, `${name}.tar.gz`));
    }
    expect(filesUnder(folder).length).toBeGreaterThan(10);
    for (const path of filesUnder(folder))
      expect([path, shownIn(readFileSync(path, 'latin1'))]).toEqual([path, []]);
  });

  it('are sealed anew without a push, while what is kept follows them', async () => {
    await rig.syncctl(['push']);
    const before = [hosts(), vps()];
    const pushes = async (): Promise<number> =>
      (JSON.parse((await rig.syncctl(['history', '-o', 'json'])).stdout) as { revisions: unknown[] })
        .revisions.length;
    await until('all is well', well);
    const count = await pushes();
    const second = join(rig.folder, 'second.age');
    const recipient = (await rig.syncctl(['secret', 'keygen', second])).stdout.trim();
    const rotated = await rig.syncctl(['secret', 'rotate', '--recipient', recipient, '-o', 'json']);
    expect([rotated.code, rotated.stderr.includes('Error')]).toEqual([0, false]);
    expect((JSON.parse(rotated.stdout) as { rotated: string[] }).rotated.length).toBe(14);
    // The daemon does not know the new identity yet: everything stays, and is told.
    await until(
      'it is told',
      async () =>
        (await rig.syncctl(['validate'])).stderr.length +
          (await rig.syncctl(['validate'])).stdout.split('cannot').length >
        2,
    );
    expect([hosts(), vps()]).toEqual(before);
    await stop();
    const settings = readFileSync(rig.settings, 'utf8');
    writeFileSync(rig.settings, settings.replace(`[${identity}]`, `[${identity}, ${second}]`));
    start();
    await until('both nodes are active again', well);
    expect((await rig.syncctl(['secret', 'check'])).code).toBe(0);
    expect([hosts(), vps()]).toEqual(before);
    expect(await pushes()).toBe(count);
  });

  it('withdraw nothing where every identity is missing from the start', async () => {
    const before = [hosts(), vps()];
    await stop();
    renameSync(identity, `${identity}.away`);
    renameSync(join(rig.folder, 'second.age'), join(rig.folder, 'second.away'));
    start();
    await until('the daemon answers', () => existsSync(socket()));
    const { stdout } = await rig.syncctl(['validate']);
    expect(stdout).toContain('expected a sealed value that can be opened');
    expect(stdout).toContain('expected a readable file, got none');
    await rig.syncctl(['push']);
    expect([hosts(), vps()]).toEqual(before);
    renameSync(`${identity}.away`, identity);
    renameSync(join(rig.folder, 'second.away'), join(rig.folder, 'second.age'));
    await until('nothing is quarantined', async () => (await rig.syncctl(['validate'])).code === 0);
    rig.edit('service-registry', 'services.json', (value: { grafana: object }) => ({
      ...value,
      grafana: { ...value.grafana, ip: '100.76.150.99' },
    }));
    await until('an edit arrives again', () => hosts().includes('100.76.150.99'));
    expect(hosts()).toContain(secrets.subdomain);
  });

  it('show in no file of the state directory and no line of a log', async () => {
    await stop();
    const files = filesUnder(state());
    expect(files.some((path) => path.endsWith('history.db'))).toBe(true);
    for (const path of files) expect([path, shownIn(readFileSync(path, 'latin1'))]).toEqual([path, []]);
    expect(shownIn(said.join('\n'))).toEqual([]);
    expect(said.join('\n').length).toBeGreaterThan(1_000);
  });
});
