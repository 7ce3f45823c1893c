import { execFileSync } from 'node:child_process';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import type { NodeReport, PushReport } from '../../src/contract/report.ts';
import { installOtherVersion, ownVersion } from '../support/other-receiver.ts';
import { fileOn, startRig, type Rig } from './rig.ts';

const available = fleetAvailable('namespaces').available;
const receive = '/usr/local/lib/sync-controller/receive';
const lib = 'usr/local/lib/sync-controller';

describe.skipIf(!available)('a key that can do one thing on the node', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig({
      nodes: [
        { type: 'worker_nodes', name: 'sudoer' },
        { type: 'worker_nodes', name: 'asroot', user: 'root' },
        { type: 'worker_nodes', name: 'bare' },
      ],
    });
    // As an admin does after `node add`, or before it on a node that never had one.
    expect((await rig.syncctl(['push', 'sudoer', 'asroot'])).code).toBe(0);
    restrict(0, `sudo -n ${receive}`);
    restrict(1, receive);
    restrict(2, `sudo -n ${receive}`);
  });
  afterAll(async () => {
    await rig.stop();
  });

  /** The two lines of docs/operations.md. */
  const restrict = (index: number, command: string): void => {
    const { rootDir, user } = rig.node(index);
    const keys = join(rootDir, user === 'root' ? 'root' : `home/${user}`, '.ssh/authorized_keys');
    writeFileSync(keys, `restrict,command="${command}" ${readFileSync(keys, 'utf8')}`);
    writeFileSync(join(rootDir, 'etc/sudoers.d/fleet'), `${user} ALL=(root) NOPASSWD: ${receive} ""\n`);
  };
  const push = async (...words: readonly string[]): Promise<NodeReport | undefined> => {
    const ran = await rig.syncctl(['push', '-o', 'json', ...words]);
    if (ran.stdout === '') throw new Error(ran.stderr);
    return (JSON.parse(ran.stdout) as PushReport).nodes[0];
  };
  const add = (name: string): void => {
    rig.edit('service-registry', 'services.json', (services: object) => ({
      ...services,
      [name]: { subdomain: name, ip: '100.76.150.77', port: 80 },
    }));
  };
  it.each(['sudoer', 'asroot'])(
    'pushes and verifies through %s, and can run nothing else there',
    async (name) => {
      add(`for${name}`);
      expect(await push(name)).toMatchObject({ state: 'active', changed: true });
      expect((await rig.syncctl(['plan', name])).code).toBe(0);
    },
  );

  it('an older receiver goes on working, and the report says that it could not be upgraded', async () => {
    installOtherVersion(rig.node(0), '0.9.0');
    add('older');
    expect(await push('sudoer')).toMatchObject({
      state: 'active',
      changed: true,
      notes: ['receiver_outdated'],
    });
    expect(fileOn(rig.node(0), `${lib}/receive`)).toContain('VERSION=0.9.0');
    const words = [
      'node',
      'add',
      rig.node(0).address,
      '--type',
      'worker',
      '--user',
      'node',
      '--name',
      'sudoer',
      '--upgrade',
      '--yes',
    ];
    const refused = await rig.syncctl(words);
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringMatching(
        /receiver_outdated: our key is restricted.*SYNC_CONTROLLER_SSH_IDENTITY=\S+ syncctl node add .* --upgrade/u,
      ),
    ]);
    // What the remedy says: the admin's own key may do it.
    const own = join(rig.folder, 'own');
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', own]);
    appendFileSync(join(rig.node(0).rootDir, 'home/node/.ssh/authorized_keys'), readFileSync(`${own}.pub`));
    writeFileSync(join(rig.node(0).rootDir, 'etc/sudoers.d/admin'), 'node ALL=(root) NOPASSWD: ALL\n');
    const upgraded = await rig.syncctl(words, { env: { SYNC_CONTROLLER_SSH_IDENTITY: own } });
    expect([upgraded.code, upgraded.stderr]).toEqual([0, expect.any(String)]);
    expect(fileOn(rig.node(0), `${lib}/receive`)).toContain(`VERSION=${ownVersion}`);
  });

  it('a node without a receiver is told as such, not as one that lacks a program', async () => {
    expect(await push('bare')).toMatchObject({
      state: 'error',
      cause: 'receiver_missing',
      remedy: expect.stringContaining('syncctl node add') as string,
    });
  });

  it('doctor finds nothing wrong on the way to the nodes that have one', async () => {
    const doctor = await rig.syncctl(['doctor', 'sudoer', '-o', 'json']);
    expect(JSON.parse(doctor.stdout)).toMatchObject({ errors: 0 });
    expect((await rig.syncctl(['doctor', 'asroot'])).code).toBe(0);
  });
});
