import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import { runProgram } from '../fleet/process.ts';
import type { NodeReport, PushReport } from '../../src/contract/report.ts';
import { fileOn, startRig, until, type Rig } from './rig.ts';

const available = fleetAvailable('namespaces').available;
const main = new URL(
  process.env['SYNC_TEST_SOURCE'] === undefined ? '../../dist/main.js' : '../../src/main.ts',
  import.meta.url,
).pathname;

describe.skipIf(!available).each([
  ['ssh2', 'adapter: ssh2'],
  ['openssh', 'adapter: openssh'],
  ['ssh2 with receivers that stay', 'resident: true'],
])('the main job over %s', (_name, setting) => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig({
      nodes: [
        { type: 'worker_nodes', name: 'wa' },
        { type: 'worker_nodes', name: 'wb' },
        { type: 'management_laptops', name: 'laptop' },
      ],
    });
    const settings = readFileSync(rig.settings, 'utf8').replace(
      'ssh:\n',
      `ssh:\n  ${setting}\n  knownHosts: [${rig.fleet.knownHosts}]\n`,
    );
    writeFileSync(rig.settings, settings);
  });
  afterAll(async () => {
    await rig.stop();
  });

  const push = async (...words: readonly string[]): Promise<Record<string, NodeReport>> => {
    const ran = await rig.syncctl(['push', '-o', 'json', ...words]);
    if (ran.stdout === '') throw new Error(ran.stderr);
    return Object.fromEntries((JSON.parse(ran.stdout) as PushReport).nodes.map((node) => [node.name, node]));
  };
  type Rows = Record<string, { name: string; ip: string }[]>;
  const editRow = (name: string, change: object): void => {
    rig.edit('sync-controller-registry', 'registry.json', (registry: Rows) =>
      Object.fromEntries(
        Object.entries(registry).map(([type, rows]) => [
          type,
          Array.isArray(rows) ? rows.map((row) => (row.name === name ? { ...row, ...change } : row)) : rows,
        ]),
      ),
    );
  };
  const hosts = (index: number): string => fileOn(rig.node(index), 'etc/hosts');
  const add = (name: string): void => {
    rig.edit('service-registry', 'services.json', (services: object) => ({
      ...services,
      [name]: { subdomain: name, ip: '100.76.150.77', port: 80 },
    }));
  };

  it('installs, pushes and verifies; a daemon brings edits', async () => {
    expect(Object.values(await push()).map(({ state, rungs }) => [state, rungs.join(' ')])).toEqual(
      Array.from({ length: 3 }, () => ['active', 'digest parsed resolves']),
    );
    const daemon = rig.daemon();
    await until('it has started', () => daemon.said().includes('started'));
    add('edited');
    await until('every node has the edit', () =>
      [0, 1, 2].every((index) => hosts(index).includes('edited.testcloud.local')),
    );
    expect(await daemon.stop()).toBe(0);
  });

  it('a refused key and a refused sudo are error at once, with their remedies', async () => {
    await rig.node(0).removeAuthorizedKey();
    await rig.node(1).breakSudo('password');
    const nodes = await push();
    expect(nodes['wa']).toMatchObject({
      state: 'error',
      cause: 'auth',
      remedy: expect.stringContaining('ssh-copy-id') as string,
    });
    expect(nodes['wb']).toMatchObject({ state: 'error', cause: 'sudo' });
    expect(nodes['laptop']).toMatchObject({ state: 'active' });
    await rig.node(0).restoreAuthorizedKey();
    await rig.node(1).restoreSudo();
    expect(Object.values(await push()).map(({ state }) => state)).toEqual(['active', 'active', 'active']);
  });

  it('a changed host key is refused before a byte of ours is sent', async () => {
    await rig.node(0).newHostKey();
    const sessions = (): number => fileOn(rig.node(0), 'run/sshd.log').split('Starting session').length;
    const before = sessions();
    add('secretname');
    const nodes = await push();
    expect(nodes['wa']).toMatchObject({
      state: 'error',
      cause: 'hostkey_changed',
      remedy: expect.stringContaining('node trust wa --from scan --replace') as string,
    });
    expect(sessions()).toBe(before);
    expect(hosts(0)).not.toContain('secretname');
    const mended = await rig.syncctl(['node', 'trust', 'wa', '--from', 'scan', '--replace', '--yes']);
    expect([mended.code, mended.stderr]).toEqual([0, expect.stringContaining('SHA256:')]);
    expect((await push('wa'))['wa']).toMatchObject({ state: 'active' });
  });

  it('reaches a node by its IPv6 address', async () => {
    editRow('wb', { ip: rig.node(1).address6 });
    expect((await push('wb'))['wb']).toMatchObject({ address: rig.node(1).address6, state: 'active' });
    editRow('wb', { ip: rig.node(1).address });
  });

  it('passes through a jump host, whose key known_hosts must pin', async () => {
    // From here on the node lets nobody in but the jump host.
    const keys = join(rig.node(2).rootDir, 'home/node/.ssh/authorized_keys');
    writeFileSync(keys, `from="${rig.node(0).address}" ${readFileSync(keys, 'utf8')}`);
    expect((await push('laptop'))['laptop']).toMatchObject({ state: 'error', cause: 'auth' });
    const settings = readFileSync(rig.settings, 'utf8');
    writeFileSync(rig.settings, settings.replace('ssh:\n', `ssh:\n  jump: node@${rig.node(0).address}\n`));
    // The jump host has a new key since its old one was written down.
    expect((await push('laptop'))['laptop']).toMatchObject({
      cause: 'hostkey_changed',
      evidence: expect.stringContaining(`jump node@${rig.node(0).address}`) as string,
    });
    writeFileSync(rig.fleet.knownHosts, '');
    expect((await push('laptop'))['laptop']).toMatchObject({ cause: 'hostkey_unpinned' });
    writeFileSync(rig.fleet.knownHosts, knownHosts(0));
    expect((await push('laptop'))['laptop']).toMatchObject({ state: 'active' });
    writeFileSync(rig.settings, settings);
  });

  it("takes port, identity and ProxyJump from the user's ssh_config", async () => {
    await rig.node(2).setSshdOption('Port', '2222');
    const { address } = rig.node(2);
    const files = {
      config: `Host ${address}\n  Port 2222\n  IdentityFile ${rig.fleet.clientKey}\n  ProxyJump node@${rig.node(0).address}\n`,
      known_hosts: knownHosts(0),
    };
    const settings = readFileSync(rig.settings, 'utf8')
      .replace(/ {2}identity: .*\n/u, '')
      .replace(/ {2}knownHosts: .*\n/u, '');
    expect(await pushAtHome(files, settings)).toMatchObject({ verified: 0, causes: { key_unusable: 1 } });
    expect(await pushAtHome(files, settings.replace('ssh:\n', 'ssh:\n  useSshConfig: true\n'))).toMatchObject(
      { verified: 1 },
    );
    await rig.node(2).setSshdOption('Port', undefined);
  });

  const knownHosts = (index: number): string =>
    rig
      .node(index)
      .hostKeys.map((line) => `${rig.node(index).address} ${line}\n`)
      .join('');

  /** Pushes as root of a machine with these files in ~/.ssh: ssh finds its home by the account, whatever HOME says. */
  async function pushAtHome(files: Readonly<Record<string, string>>, settings: string): Promise<PushReport> {
    const home = join(rig.folder, 'home');
    mkdirSync(home, { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(home, name), text, { mode: 0o600 });
    const config = join(rig.folder, 'home.yaml');
    writeFileSync(config, settings);
    const script =
      'mount --make-rprivate / && mount -t tmpfs home /root && install -D -m 0600 -t /root/.ssh "$1"/* && shift && exec "$@"';
    const words = [process.execPath, main, 'push', 'laptop', '-o', 'json', '--config', config];
    const ran = await runProgram(['unshare', '--mount', 'bash', '-c', script, 'bash', home, ...words], {
      env: { ...process.env, HOME: '/root' },
    });
    if (ran.stdout === '') throw new Error(ran.stderr);
    return JSON.parse(ran.stdout) as PushReport;
  }
});
