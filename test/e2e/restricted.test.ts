import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import type { NodeReport, PushReport } from '../../src/contract/report.ts';
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
  /** Puts a receiver of another version in the place of ours. */
  const receiverOf = (index: number, version: string): void => {
    const scripts = join(rig.folder, `scripts-${version}`);
    cpSync(new URL('../../scripts', import.meta.url).pathname, scripts, { recursive: true });
    const preamble = join(scripts, 'receiver/preamble.sh');
    writeFileSync(
      preamble,
      readFileSync(preamble, 'utf8').replace(/^readonly VERSION=.*$/mu, `readonly VERSION=${version}`),
    );
    const folder = join(rig.node(index).rootDir, lib);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    execFileSync('bash', [join(scripts, 'build-receiver.sh'), join(folder, `receive-${version}`)]);
    chmodSync(join(folder, `receive-${version}`), 0o755);
    symlinkSync(`receive-${version}`, join(folder, 'receive'));
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
    receiverOf(0, '0.9.0');
    add('older');
    const r = await push('sudoer');
    console.log(r);
    console.log(
      await rig.syncctl([
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
      ]),
    );
    console.log(await rig.syncctl(['doctor', 'sudoer']));
    console.log(await rig.syncctl(['health', '-o', 'wide']));
    expect(fileOn(rig.node(0), `${lib}/receive`)).toContain('VERSION=0.9.0');
  });

  it('a node without a receiver is told as such, not as one that lacks a program', async () => {
    console.log(await push('bare'));
  });
});
