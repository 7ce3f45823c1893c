import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import { startPullRig, type PullRig } from './pull-rig.ts';
import { until, type Daemon } from './rig.ts';

const available = fleetAvailable('namespaces').available;

/** Puts a service of this name into the registry. */
function addService(rig: PullRig, name: string): void {
  rig.edit('service-registry', 'services.json', (services: Record<string, object>) => ({
    ...services,
    [name]: { subdomain: name, ip: '100.76.150.77', port: 80 },
  }));
}

describe.skipIf(!available)('a node that nobody can reach', () => {
  let rig: PullRig;
  let daemon: Daemon;
  beforeAll(async () => {
    rig = await startPullRig({
      nodes: [
        { type: 'worker_nodes', name: 'home' },
        { type: 'worker_nodes', name: 'office' },
      ],
      pull: ['hangMs: 1000'],
    });
    await rig.node(0).stopSshd({ keepSessions: false });
    daemon = rig.daemon();
    await until('the daemon has started', () => daemon.said().includes('started'));
  }, 120_000);
  afterAll(async () => {
    await rig.stop();
  });

  it('joins by one line, and has its plan with its first visit', async () => {
    await rig.join(0);
    await rig.visit(0);
    await until('it is active', async () => (await rig.stateOf(0)).state === 'active');
    expect(rig.hosts(0)).toContain('demo.testcloud.local');
    expect(await rig.stateOf(0)).toMatchObject({ verified: true, pull: { here: true } });
  });

  it('gets a change while it is connected', async () => {
    addService(rig, 'fresh');
    await until('the change is there', () => rig.hosts(0).includes('fresh.testcloud.local'));
    await until('it is active', async () => (await rig.stateOf(0)).state === 'active');
  });
});
