import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import { fileOn, startRig, until, type Rig } from './rig.ts';
import { installOtherVersion, ownVersion } from '../support/other-receiver.ts';

const available = fleetAvailable('namespaces').available;
type Rows = Record<
  'management_laptops' | 'vps_nodes' | 'worker_nodes',
  { ip: string; name: string; sync_controller?: { host_keys?: { key: string; source: string }[] } }[]
>;

describe.skipIf(!available)('a node joins, stays trusted and leaves', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig({
      nodes: ['plain', 'printed', 'known', 'wrong', 'old'].map((name) => ({
        type: 'worker_nodes' as const,
        name,
      })),
    });
    // Machines that no registry knows yet.
    rig.edit('sync-controller-registry', 'registry.json', () => ({
      management_laptops: [],
      vps_nodes: [],
      worker_nodes: [],
    }));
  });
  afterAll(async () => {
    await rig.stop();
  });

  const rows = (): Rows => rig.read('sync-controller-registry', 'registry.json') as Rows;
  const row = (name: string) => rows().worker_nodes.find((one) => one.name === name);
  const hosts = (index: number): string => fileOn(rig.node(index), 'etc/hosts');
  const add = (index: number, ...words: readonly string[]) =>
    rig.syncctl([
      'node',
      'add',
      rig.node(index).address,
      '--type',
      'worker',
      '--user',
      'node',
      '--name',
      rig.node(index).name,
      ...words,
    ]);
  const fingerprint = (index: number): string => {
    const file = join(rig.folder, 'key.pub');
    writeFileSync(file, `${rig.node(index).hostKeys[0] ?? ''}\n`);
    return execFileSync('ssh-keygen', ['-lf', file], { encoding: 'utf8' }).split(' ')[1] ?? '';
  };

  it('node add registers, pins, installs and proves by a push, in one command', async () => {
    const ran = await add(0, '--yes');
    expect([ran.code, ran.stdout]).toEqual([0, expect.stringMatching(/plain +worker_nodes +\S+ +active/u)]);
    expect(ran.stderr).toContain('SHA256:');
    expect(
      row('plain')?.sync_controller?.host_keys?.map(({ key, source }) => [key.split(' ')[0], source]),
    ).toContainEqual(['ssh-ed25519', 'scan']);
    expect(hosts(0)).toContain('demo.testcloud.local');
    expect(fileOn(rig.node(0), 'usr/local/lib/sync-controller/receive')).not.toBe('');
  });

  it('asks before it trusts: with nobody to ask, nothing is written', async () => {
    const ran = await add(1);
    expect([ran.code, ran.stderr]).toEqual([64, expect.stringContaining('--yes')]);
    expect(row('printed')).toBeUndefined();
    expect(hosts(1)).not.toContain('sync-controller');
  });

  it('a fingerprint that the node shows is trusted without a question; a wrong one is refused and nothing is written', async () => {
    const wrong = await add(3, '--fingerprint', fingerprint(1));
    expect([wrong.code, wrong.stderr]).toEqual([
      65,
      expect.stringMatching(/^\[✗\] fingerprint: expected one of the keys[^\n]*\n$/u),
    ]);
    expect(row('wrong')).toBeUndefined();
    expect(hosts(3)).not.toContain('sync-controller');
    expect((await add(1, '--fingerprint', fingerprint(1))).code).toBe(0);
    expect(row('printed')?.sync_controller?.host_keys).toMatchObject([{ source: 'given' }]);
    expect(hosts(1)).toContain('demo.testcloud.local');
  });

  it('node trust --from known_hosts reads hashed names', async () => {
    const registered = await rig.syncctl(['register', 'worker_nodes', rig.node(2).address, 'known', 'node']);
    expect(registered.code).toBe(0);
    const before = await rig.syncctl(['push', 'known']);
    expect([before.code, before.stdout]).toEqual([1, expect.stringContaining('hostkey_unpinned')]);
    const file = join(rig.folder, 'known_hosts');
    writeFileSync(
      file,
      rig
        .node(2)
        .hostKeys.map((line) => `${rig.node(2).address} ${line}\n`)
        .join(''),
    );
    execFileSync('ssh-keygen', ['-H', '-f', file], { stdio: 'ignore' });
    expect(readFileSync(file, 'utf8')).not.toContain(rig.node(2).address);
    const trusted = await rig.syncctl(['node', 'trust', 'known', '--from', 'known_hosts', '--yes'], {
      env: { SYNC_CONTROLLER_SSH_KNOWN_HOSTS: file },
    });
    expect(trusted.code, trusted.stderr).toBe(0);
    expect(row('known')?.sync_controller?.host_keys?.map(({ source }) => source)).toEqual([
      'known_hosts',
      'known_hosts',
      'known_hosts',
    ]);
    expect((await rig.syncctl(['push', 'known'])).code).toBe(0);
  });

  it('a changed host key is refused before a byte is sent, and the printed remedy mends it', async () => {
    await rig.node(2).newHostKey();
    rig.edit('service-registry', 'services.json', (services: object) => ({
      ...services,
      fresh: { subdomain: 'fresh', ip: '100.76.150.77', port: 80 },
    }));
    const refused = await rig.syncctl(['push', 'known']);
    expect(refused.code).toBe(1);
    expect(hosts(2)).not.toContain('fresh');
    const remedy =
      /\(hostkey_changed: [^)]*\); (syncctl .*)$/mu.exec(refused.stderr)?.[1]?.split(' ').slice(1) ?? [];
    const shown = await rig.syncctl(remedy);
    expect([shown.code, shown.stderr]).toEqual([64, expect.stringMatching(/CHANGED[^]*--yes/u)]);
    expect((await rig.syncctl([...remedy, '--yes'])).code).toBe(0);
    expect((await rig.syncctl(['push', 'known'])).code).toBe(0);
    expect(hosts(2)).toContain('fresh.testcloud.local');
  });

  it('an older receiver is upgraded with the push, a newer one is left alone', async () => {
    expect((await add(4, '--yes')).code).toBe(0);
    installOtherVersion(rig.node(4), '0.9.0');
    const up = await rig.syncctl(['push', 'old', '-o', 'json']);
    expect(JSON.parse(up.stdout)).toMatchObject({
      nodes: [{ state: 'active', notes: ['receiver_upgraded'] }],
    });
    expect(fileOn(rig.node(4), 'usr/local/lib/sync-controller/receive')).toContain(`VERSION=${ownVersion}`);
    installOtherVersion(rig.node(4), '99.0.0');
    const left = await rig.syncctl(['push', 'old', '-o', 'json']);
    expect(JSON.parse(left.stdout)).toMatchObject({ nodes: [{ state: 'active', notes: [] }] });
    expect((await add(4, '--upgrade', '--yes')).code).toBe(0);
    expect(fileOn(rig.node(4), 'usr/local/lib/sync-controller/receive')).toContain('VERSION=99.0.0');
  });

  it('removed while it is away, a node keeps a tombstone, and is cleaned when it returns', async () => {
    const started = rig.daemon(['daemon', '0.0005']);
    await until('it has started', () => started.said().includes('started'));
    await rig.node(0).unplug();
    const removed = await rig.syncctl(['node', 'remove', 'plain', '--yes']);
    expect([removed.code, removed.stderr]).toEqual([
      1,
      expect.stringMatching(
        /plain keeps a tombstone until it answers .*syncctl node remove plain --abandon/u,
      ),
    ]);
    expect(row('plain')).toBeUndefined();
    expect(hosts(0)).toContain('demo.testcloud.local');
    await rig.node(0).plug();
    await until('the block is gone', () => !hosts(0).includes('sync-controller'));
    expect(hosts(0)).toContain('localhost');
  });

  it('a node that is gone for good is abandoned', async () => {
    await rig.node(1).powerOff();
    const ran = await rig.syncctl(['node', 'remove', 'printed', '--abandon', '--yes']);
    expect([ran.code, ran.stdout]).toEqual([0, 'printed: abandoned\n']);
    expect(row('printed')).toBeUndefined();
    expect((await rig.syncctl(['health'])).stdout).not.toContain('printed');
  });
});
