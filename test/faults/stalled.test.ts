// A whole machine that is suspended while the wire to it is gone.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import { until, type Rig } from '../e2e/rig.ts';
import { edit, hosts, startFaultsRig } from './faults-rig.ts';

const available = fleetAvailable('namespaces').available;

describe.skipIf(!available)('a node that stands still', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startFaultsRig();
  });
  afterAll(async () => {
    await rig.stop();
  });

  it('for longer than the signs of life of its session is left, and the edit goes over a new one by itself', async () => {
    const daemon = rig.daemon();
    const first = edit(rig);
    await until('the first edit is there', () => hosts(rig).includes(first));
    await rig.node(0).freeze();
    await rig.node(0).blackhole();
    const second = edit(rig);
    await until('the other node has it', () => hosts(rig, 1).includes(second));
    await until('it is told', async () =>
      /"cause": "(timeout|deadline|connection_lost|unreachable)"/u.test(
        (await rig.syncctl(['status', '-o', 'json'])).stdout,
      ),
    );
    await rig.node(0).thaw();
    await rig.node(0).unblackhole();
    await until('the second edit is there', () => hosts(rig).includes(second));
    expect(await daemon.stop()).toBe(0);
  });
});
