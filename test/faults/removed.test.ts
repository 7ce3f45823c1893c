// A node that is taken out of the registry while a push to it is under way.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until, type Rig } from '../e2e/rig.ts';
import { fleetAvailable } from '../fleet/availability.ts';
import { edit, holdAt, hosts, startFaultsRig } from './faults-rig.ts';

const available = fleetAvailable('namespaces').available;

describe.skipIf(!available)('a node that is removed while it is pushed', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startFaultsRig();
  });
  afterAll(async () => {
    await rig.stop();
  });

  it('ends withdrawn, whatever the flight came to: its row is gone at once, a tombstone stays until the block is out', async () => {
    // The pass of every hour tries a tombstone again; here it is one of every two seconds.
    const daemon = rig.daemon(['daemon', '0.0005']);
    const first = edit(rig);
    await until('the first edit is there', () => hosts(rig).includes(first) && hosts(rig, 1).includes(first));
    const hold = await holdAt(rig.node(0), 'replacing');
    const second = edit(rig);
    await hold.reached();
    const removing = rig.syncctl(['node', 'remove', 'broken', '--yes']);
    await until(
      'its row is gone',
      () => !JSON.stringify(rig.read('sync-controller-registry', 'registry.json')).includes('"broken"'),
    );
    expect(hosts(rig)).toContain(first);
    const removed = await removing;
    expect([removed.code, removed.stderr]).toEqual([
      1,
      expect.stringMatching(/broken keeps a tombstone until it answers/u),
    ]);
    await hold.release();
    await until('its block is out', () => !hosts(rig).includes('sync-controller'));
    expect(hosts(rig)).toContain('localhost');
    const third = edit(rig);
    await until('the other node goes on', () => hosts(rig, 1).includes(third));
    expect(hosts(rig, 1)).toContain(second);
    expect(hosts(rig)).not.toContain('sync-controller');
    const health = await rig.syncctl(['health']);
    expect([health.code, health.stdout]).toEqual([0, expect.not.stringMatching(/broken|[Tt]ombstone/u)]);
    expect(await daemon.stop()).toBe(0);
  });
});
