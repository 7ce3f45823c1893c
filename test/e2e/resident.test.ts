import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import { fileOn, startRig, until, type Daemon, type Rig } from './rig.ts';

const available = fleetAvailable('namespaces').available;

describe.skipIf(!available)('a daemon whose receivers stay', () => {
  let rig: Rig;
  let daemon: Daemon;
  let edits = 0;
  beforeAll(async () => {
    rig = await startRig({
      nodes: [
        { type: 'worker_nodes', name: 'worker' },
        { type: 'management_laptops', name: 'laptop' },
      ],
      settings: 'retry:\n  delayMs: 200\n',
    });
    writeFileSync(
      rig.settings,
      readFileSync(rig.settings, 'utf8').replace('ssh:\n', 'ssh:\n  resident: true\n'),
    );
    daemon = rig.daemon();
    await edit();
  });
  afterAll(async () => {
    await rig.stop();
  });

  /** Adds a name and waits until both nodes have it. */
  async function edit(): Promise<void> {
    edits += 1;
    const name = `edit${String(edits)}`;
    rig.edit('service-registry', 'services.json', (services: object) => ({
      ...services,
      [name]: { subdomain: name, ip: '100.76.150.77', port: 80 },
    }));
    await until(`both nodes have ${name}: ${daemon.said()}`, () =>
      [0, 1].every((index) => fileOn(rig.node(index), 'etc/hosts').includes(`${name}.testcloud.local`)),
    );
  }
  const commands = (index: number): number =>
    fileOn(rig.node(index), 'run/sshd.log').split('Starting session').length - 1;
  const receivers = async (index: number): Promise<readonly string[]> =>
    (
      await rig.node(index).run('pgrep -f "^/bin/bash -p /usr/local/lib/sync-controller/receive" || true')
    ).stdout
      .split('\n')
      .filter((pid) => pid !== '');

  it('sends one change after the other through one command per node', async () => {
    // The first pushes may still be under way side by side.
    await until('both are verified', () => (daemon.said().match(/synced and verified/gu) ?? []).length >= 2);
    await edit();
    const before = [commands(0), commands(1)];
    for (let more = 0; more < 5; more += 1) await edit();
    expect([commands(0), commands(1)]).toEqual(before);
    await until('one receiver is left', async () => (await receivers(0)).length === 1);
  });

  it('starts another one where the one that stayed was killed, without a failed push', async () => {
    const [pid = ''] = await receivers(0);
    await rig.node(0).run(`kill -9 ${pid}`);
    await edit();
    expect(daemon.said()).not.toMatch(/pending_sync|\[✗\]/u);
    expect(await receivers(0)).not.toContain(pid);
  });

  it('goes on the ordinary way where a receiver does not know how to stay', async () => {
    const receiver = join(rig.node(1).rootDir, 'usr/local/lib/sync-controller/receive-1.0.0');
    const now = readFileSync(receiver, 'utf8');
    writeFileSync(receiver, now.replace("STAY_LINE='SC1 stay'", "STAY_LINE='never said'"));
    for (const pid of await receivers(1)) await rig.node(1).run(`kill ${pid}`);
    const before = commands(1);
    await edit();
    await edit();
    expect(commands(1)).toBeGreaterThan(before + 1);
    expect(daemon.said()).not.toMatch(/pending_sync|\[✗\]/u);
    writeFileSync(receiver, now);
  });

  it('leaves no receiver behind when it stops', async () => {
    expect(await daemon.stop()).toBe(0);
    await until('no receiver is left', async () => (await receivers(0)).length === 0);
  });
});
