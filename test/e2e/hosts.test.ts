import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import type { PushReport } from '../../src/contract/report.ts';
import { fileOn, hasStarted, startRig, until, type Daemon, type Rig } from './rig.ts';

const available = fleetAvailable('namespaces').available;

describe.skipIf(!available)('a registry change is live and verified on every hosts node', () => {
  let rig: Rig;
  let daemon: Daemon;

  beforeAll(async () => {
    rig = await startRig({
      nodes: [
        {
          type: 'management_laptops',
          name: 'laptop',
          hosts: '127.0.0.1\tlocalhost\n10.1.1.1 mine # keep\r\nno newline at the end',
        },
        { type: 'worker_nodes', name: 'worker-a' },
        { type: 'worker_nodes', name: 'worker-b' },
      ],
    });
  });
  afterAll(async () => {
    await rig.stop();
  });

  it('push without a daemon installs the receiver, writes the block and proves it by the resolver', async () => {
    const ran = await rig.syncctl(['push', '-o', 'json']);
    const report = JSON.parse(ran.stdout) as PushReport;
    expect(report.nodes.map((node) => [node.name, node.state, node.rungs.join(' ')])).toEqual([
      ['laptop', 'active', 'digest parsed resolves'],
      ['worker-a', 'active', 'digest parsed resolves'],
      ['worker-b', 'active', 'digest parsed resolves'],
    ]);
    expect(ran.code).toBe(0);
    const resolved = await rig.node(1).run('getent ahostsv4 demo.testcloud.local');
    expect(resolved.stdout).toContain('100.76.150.207');
  });

  it('leaves every foreign byte as it was', () => {
    const hosts = fileOn(rig.node(0), 'etc/hosts');
    expect(hosts.startsWith('127.0.0.1\tlocalhost\n10.1.1.1 mine # keep\r\n')).toBe(true);
    expect(hosts.endsWith('no newline at the end')).toBe(true);
  });

  it('says that nothing would change, and exits 0', async () => {
    const plan = await rig.syncctl(['plan']);
    expect(plan.code).toBe(0);
  });

  it('a daemon brings an edit to every node by itself', async () => {
    daemon = rig.daemon();
    await hasStarted(daemon);
    rig.edit('service-registry', 'services.json', (services: Record<string, object>) => ({
      ...services,
      fresh: { subdomain: 'fresh', ip: '100.76.150.99', port: 80, public: false },
    }));
    for (const index of [0, 1, 2]) {
      await until(`node ${String(index)} has the new name`, () =>
        fileOn(rig.node(index), 'etc/hosts').includes('fresh.testcloud.local'),
      );
    }
  });

  it('a node that was unplugged during an edit is brought up to date when it returns', async () => {
    await rig.node(1).unplug();
    rig.edit('service-registry', 'services.json', (services: Record<string, object>) => ({
      ...services,
      late: { subdomain: 'late', ip: '100.76.150.98', port: 80 },
    }));
    await until('the others have it', () =>
      fileOn(rig.node(2), 'etc/hosts').includes('late.testcloud.local'),
    );
    await until('the absent one is pending_sync', async () =>
      (await rig.syncctl(['status', '-o', 'json'])).stdout.includes('"pending_sync"'),
    );
    await rig.node(1).plug();
    await until('it has the new name too', () =>
      fileOn(rig.node(1), 'etc/hosts').includes('late.testcloud.local'),
    );
  });

  it('a bad entry reaches no node and says why; the good ones stay', async () => {
    rig.edit('service-registry', 'services.json', (services: Record<string, object>) => ({
      ...services,
      evil: { subdomain: 'a\n6.6.6.6 bank.com', ip: '1.2.3.4', port: 80 },
    }));
    await until('validate names it', async () =>
      (await rig.syncctl(['validate'])).stdout.includes('services.json/evil/subdomain'),
    );
    expect(fileOn(rig.node(0), 'etc/hosts')).toContain('late.testcloud.local');
    expect(fileOn(rig.node(0), 'etc/hosts')).not.toContain('bank.com');
  });

  it('stops within its grace time and stores what it knows', async () => {
    expect(await daemon.stop()).toBe(0);
    expect((await rig.syncctl(['health'])).stdout).toContain('worker-a');
  });
});
