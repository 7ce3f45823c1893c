import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import { runProgram } from '../fleet/process.ts';
import type { NodeReport, PushReport } from '../../src/contract/report.ts';
import { fileOn, startRig, until, type Rig } from './rig.ts';

const available = fleetAvailable('namespaces').available;
const main = new URL(process.env['SYNC_TEST_SOURCE'] === undefined ? '../../dist/main.js' : '../../src/main.ts', import.meta.url).pathname;

describe.skipIf(!available).each(['ssh2', 'openssh'])('the main job over %s', (adapter) => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig({ nodes: [{ type: 'worker_nodes', name: 'wa' }, { type: 'worker_nodes', name: 'wb' }, { type: 'management_laptops', name: 'laptop' }] });
    const settings = readFileSync(rig.settings, 'utf8').replace('ssh:\n', `ssh:\n  adapter: ${adapter}\n  knownHosts: [${rig.fleet.knownHosts}]\n`);
    writeFileSync(rig.settings, settings);
  });
  afterAll(async () => { await rig.stop(); });

  const push = async (...words: readonly string[]): Promise<Record<string, NodeReport>> => {
    const ran = await rig.syncctl(['push', '-o', 'json', ...words]);
    if (ran.stdout === '') throw new Error(ran.stderr);
    return Object.fromEntries((JSON.parse(ran.stdout) as PushReport).nodes.map((node) => [node.name, node]));
  };
  type Rows = Record<string, { name: string; ip: string }[]>;
  const editRow = (name: string, change: object): void => {
    rig.edit('sync-controller-registry', 'registry.json', (registry: Rows) =>
      Object.fromEntries(Object.entries(registry).map(([type, rows]) => [type, Array.isArray(rows) ? rows.map((row) => (row.name === name ? { ...row, ...change } : row)) : rows])));
  };
  const hosts = (index: number): string => fileOn(rig.node(index), 'etc/hosts');
  const add = (name: string): void => {
    rig.edit('service-registry', 'services.json', (services: object) => ({ ...services, [name]: { subdomain: name, ip: '100.76.150.77', port: 80 } }));
  };

  it('installs, pushes and verifies; a daemon brings edits', async () => {
    expect(Object.values(await push()).map(({ state, rungs }) => [state, rungs.join(' ')])).toEqual(Array.from({ length: 3 }, () => ['active', 'digest parsed resolves']));
    const daemon = rig.daemon();
    await until('it has started', () => daemon.said().includes('started'));
    add('edited');
    await until('every node has the edit', () => [0, 1, 2].every((index) => hosts(index).includes('edited.testcloud.local')));
    expect(await daemon.stop()).toBe(0);
  });

  it('a refused key and a refused sudo are error at once, with their remedies', async () => {
    await rig.node(0).removeAuthorizedKey();
    await rig.node(1).breakSudo('password');
    const nodes = await push();
    expect(nodes['wa']).toMatchObject({ state: 'error', cause: 'auth', remedy: expect.stringContaining('ssh-copy-id') as string });
    expect(nodes['wb']).toMatchObject({ state: 'error', cause: 'sudo' });
    expect(nodes['laptop']).toMatchObject({ state: 'active' });
    await rig.node(0).restoreAuthorizedKey();
    await rig.node(1).restoreSudo();
    expect(Object.values(await push()).map(({ state }) => state)).toEqual(['active', 'active', 'active']);
  });

  it('a changed host key is refused before a byte of ours is sent', async () => {
    await rig.node(0).newHostKey();
    add('secretname');
    const nodes = await push();
    expect(nodes['wa']).toMatchObject({ state: 'error', cause: 'hostkey_changed', remedy: expect.stringContaining('node trust wa --from scan --replace') as string });
    expect(fileOn(rig.node(0), 'run/sshd.log').split('Starting session').length).toBe(fileOn(rig.node(0), 'run/sshd.log').split('Starting session').length);
    expect(hosts(0)).not.toContain('secretname');
    const mended = await rig.syncctl(['node', 'trust', 'wa', '--from', 'scan', '--replace', '--yes']);
    expect([mended.code, mended.stderr]).toEqual([0, expect.stringContaining('SHA256:')]);
    expect((await push('wa'))['wa']).toMatchObject({ state: 'active' });
  });

  it('reaches a node by its IPv6 address', async () => {
    editRow('wb', { ip: rig.node(1).address6 });
    const nodes = await push();
    console.log(nodes['wb'], (await rig.syncctl(['health'])).stdout);
    editRow('wb', { ip: rig.node(1).address });
  });

  it('passes through a jump host that known_hosts pins, and through none that is not pinned', async () => {
    const key = join(rig.node(2).rootDir, 'home/node/.ssh/authorized_keys');
    const plain = readFileSync(key, 'utf8');
    writeFileSync(key, `from="${rig.node(0).address}" ${plain}`);
    expect((await push('laptop'))['laptop']).toMatchObject({ state: 'error', cause: 'auth' });
    const settings = readFileSync(rig.settings, 'utf8');
    // wa has a new key since the fleet wrote its known_hosts.
    writeFileSync(rig.settings, settings.replace('ssh:\n', `ssh:\n  jump: node@${rig.node(0).address}\n`));
    console.log((await push('laptop'))['laptop']);
    writeFileSync(rig.fleet.knownHosts, rig.node(0).hostKeys.map((line) => `${rig.node(0).address} ${line}\n`).join(''));
    console.log((await push('laptop'))['laptop']);
    writeFileSync(rig.settings, settings);
    writeFileSync(key, plain);
  });

  it('takes port, identity and ProxyJump from the ssh_config of the user', async () => {
    const home = join(rig.folder, 'home');
    mkdirSync(join(home, '.ssh'), { recursive: true });
    const { address } = rig.node(2);
    await rig.node(2).setSshdOption('Port', '2222');
    editRow('laptop', { sync_controller: { host_keys: rig.node(2).hostKeys.map((line) => ({ key: line.split(' ').slice(0, 2).join(' '), source: 'given', added: '' })) } });
    writeFileSync(join(home, '.ssh/config'), `Host ${address}\n  Port 2222\n  IdentityFile ${rig.fleet.clientKey}\n  ProxyJump node@${rig.node(0).address}\n`);
    writeFileSync(join(home, '.ssh/known_hosts'), rig.node(0).hostKeys.map((line) => `${rig.node(0).address} ${line}\n`).join(''));
    const settings = readFileSync(rig.settings, 'utf8').replace(/ {2}identity: .*\n/u, '  useSshConfig: true\n').replace(/ {2}knownHosts: .*\n/u, '');
    writeFileSync(join(rig.folder, 'alias.yaml'), settings);
    const script = 'mount --make-rprivate / && mount -t tmpfs -o mode=0700 home /root && cp -r "$1/." /root/ && chown -R 0:0 /root && chmod -R go= /root && shift && exec "$@"';
    const ran = await runProgram(['unshare', '--mount', 'bash', '-c', script, 'bash', home, process.execPath, main, 'push', 'laptop', '-o', 'json', '--config', join(rig.folder, 'alias.yaml')], { env: { ...process.env, HOME: '/root' } });
    console.log(ran);
    await rig.node(2).setSshdOption('Port', undefined);
  });
});
