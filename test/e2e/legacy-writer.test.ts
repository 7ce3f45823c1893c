import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import { fileOn, hasStarted, startRig, until, type Daemon, type Rig } from './rig.ts';

const available = fleetAvailable('namespaces').available;
const oldBlock = '\n# MyNodeOne Services - Auto-synced on Sat Nov 8\n100.76.150.9\tdemo.testcloud.local\n\n';

describe.skipIf(!available)('older tools that go on writing into our target', { timeout: 240_000 }, () => {
  let rig: Rig;
  let daemon: Daemon;

  beforeAll(async () => {
    rig = await startRig({
      nodes: [
        { type: 'management_laptops', name: 'fought-over' },
        { type: 'worker_nodes', name: 'rewritten' },
        { type: 'vps_nodes', name: 'edge' },
      ],
    });
    mkdirSync(join(rig.node(2).rootDir, 'home/node/traefik/config'), { recursive: true });
    daemon = rig.daemon();
    await hasStarted(daemon);
    await until('everything is verified', async () =>
      (await health()).every(({ state }) => state === 'active'),
    );
  }, 240_000);
  afterAll(() => rig.stop());

  interface Row {
    readonly name: string;
    readonly state: string;
    readonly cause: string | null;
    readonly evidence: string;
    readonly remedy: string | null;
  }
  const health = async (): Promise<readonly Row[]> =>
    (JSON.parse((await rig.syncctl(['health', '-o', 'json'])).stdout) as { nodes: Row[] }).nodes;
  const row = async (name: string): Promise<Row | undefined> =>
    (await health()).find((one) => one.name === name);
  const hosts = (index: number): string => fileOn(rig.node(index), 'etc/hosts');
  const append = (index: number, text: string): void => {
    writeFileSync(join(rig.node(index).rootDir, 'etc/hosts'), hosts(index) + text);
  };

  it('are repaired twice, also where our own block is whole', async () => {
    for (const repair of [1, 2]) {
      append(0, oldBlock);
      expect((await rig.syncctl(['reconcile'])).code).toBe(0);
      expect([repair, hosts(0).includes('MyNodeOne')]).toEqual([repair, false]);
    }
    expect((await row('fought-over'))?.state).toBe('active');
  });

  it('end in a freeze with their class after the third repair, which says how it ends', async () => {
    append(0, oldBlock);
    await rig.syncctl(['reconcile']);
    await until('the node is frozen', async () => (await row('fought-over'))?.cause === 'legacy_writer');
    expect(await row('fought-over')).toMatchObject({
      state: 'error',
      remedy: 'syncctl drift fought-over correct',
    });
    append(0, oldBlock);
    await rig.syncctl(['push', 'fought-over']);
    expect(hosts(0)).toContain('MyNodeOne');
    await daemon.stop();
    daemon = rig.daemon();
    await hasStarted(daemon);
    await until(
      'it is frozen after a restart, too',
      async () => (await row('fought-over'))?.cause === 'legacy_writer',
    );
    expect((await rig.syncctl(['drift', 'fought-over', 'correct', '--reason', 'found it'])).code).toBe(0);
    await until('it is repaired again', () => !hosts(0).includes('MyNodeOne'));
    await until('it is active again', async () => (await row('fought-over'))?.state === 'active');
  });

  it('are known by their header in a routes file', async () => {
    const path = join(rig.node(2).rootDir, 'home/node/traefik/config/mynodeone-routes.yml');
    for (let repair = 1; repair <= 3; repair += 1) {
      writeFileSync(
        path,
        '# MyNodeOne Routes - Auto-generated from service registry\nhttp:\n  routers: {}\n',
      );
      await rig.syncctl(['reconcile']);
    }
    await until('the edge is frozen', async () => (await row('edge'))?.cause === 'legacy_writer');
    expect(fileOn(rig.node(2), 'home/node/traefik/config/mynodeone-routes.yml')).toContain(
      'demo.example.org',
    );
  });

  it('are told apart from a program of the system, which is repaired as often as it comes', async () => {
    mkdirSync(join(rig.node(1).rootDir, 'etc/cloud/cloud.cfg.d'), { recursive: true });
    writeFileSync(join(rig.node(1).rootDir, 'etc/cloud/cloud.cfg'), 'manage_etc_hosts: false\n');
    writeFileSync(
      join(rig.node(1).rootDir, 'etc/cloud/cloud.cfg.d/90_dpkg.cfg'),
      'manage_etc_hosts: "localhost"\n',
    );
    const scripts = join(rig.node(1).rootDir, 'home/node/MyNodeOne/scripts');
    mkdirSync(scripts, { recursive: true });
    writeFileSync(join(scripts, 'sync-dns.sh'), '#!/bin/bash\n');
    writeFileSync(join(rig.node(1).rootDir, 'etc/cron.d/old'), '* * * * * root /x/scripts/sync-dns.sh\n');
    for (let boot = 0; boot < 4; boot += 1) {
      writeFileSync(join(rig.node(1).rootDir, 'etc/hosts'), '127.0.0.1 localhost\n');
      expect((await rig.syncctl(['push', 'rewritten'])).code).toBe(0);
    }
    expect((await row('rewritten'))?.state).toBe('active');
    const { stdout } = await rig.syncctl(['doctor', 'rewritten']);
    expect(stdout).toContain(
      'foreign_writer: cloud-init rewrites /etc/hosts at every boot (manage_etc_hosts), as /etc/cloud/cloud.cfg.d/90_dpkg.cfg says',
    );
    expect(stdout).toContain('99-sync-controller.cfg');
    expect(stdout).toContain(
      "legacy_writer: the predecessor's /home/node/MyNodeOne/scripts/sync-dns.sh would write what we write",
    );
    expect(stdout).toContain('legacy_writer: /etc/cron.d/old calls');
  });
});
