// Faults of the wire between the controller and one node; the other node is never affected.
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import { until, type Rig } from '../e2e/rig.ts';
import { edit, hosts, mend, moveRow, push, pushed, startFaultsRig, wire } from './faults-rig.ts';
import type { Direction, Proxy } from './proxy.ts';

const available = fleetAvailable('namespaces').available;
const both: readonly Direction[] = ['to-node', 'from-node'];
const lost = { state: 'pending_sync', cause: 'connection_lost', remedy: 'syncctl push broken' };
const silent = {
  state: 'pending_sync',
  cause: 'timeout',
  remedy: expect.stringMatching(/^tailscale ping 10\.213\./u) as string,
};

describe.skipIf(!available)('a push over a faulty wire', () => {
  let rig: Rig;
  let proxy: Proxy;
  beforeAll(async () => {
    rig = await startFaultsRig();
    proxy = await wire(rig);
    expect(await pushed(rig)).toMatchObject({ state: 'active' });
  });
  afterEach(() => {
    proxy.heal();
  });
  afterAll(async () => {
    await proxy.stop();
    await rig.stop();
  });
  const passed = (direction: Direction): number => proxy.passages.at(-1)?.passed(direction) ?? 0;
  const faulty = (faults: Parameters<Proxy['set']>[1], directions: readonly Direction[] = both): void => {
    for (const direction of directions) proxy.set(direction, faults);
  };

  it('that is reset at any byte leaves the old file or the new one, and the printed push mends it', async () => {
    edit(rig);
    await pushed(rig);
    const whole = passed('to-node');
    for (const part of [0.05, 0.3, 0.6, 0.8, 0.9, 0.96]) {
      const before = hosts(rig);
      const line = edit(rig);
      proxy.set('to-node', { cut: { after: Math.floor(whole * part), how: 'reset' } });
      const report = await pushed(rig);
      expect([report.state, report.verified]).toEqual(['pending_sync', false]);
      expect(report.cause).toMatch(/^(connection_lost|throttled|timeout)$/u);
      const after = hosts(rig);
      if (!after.includes(line)) expect(after).toBe(before);
      else expect(after).toMatch(/\n# END sync-controller [^\n]*\n$/u);
      proxy.heal();
      expect((await rig.syncctl(['push', 'broken'])).code).toBe(0);
      expect(hosts(rig)).toContain(line);
    }
  });

  it('whose answer is lost is never called active by default; the printed push finds it done', async () => {
    edit(rig);
    await pushed(rig);
    const line = edit(rig);
    proxy.set('from-node', { cut: { after: passed('from-node') - 1_500, how: 'half-close' } });
    const report = await pushed(rig);
    expect(report).toMatchObject({ ...lost, verified: false });
    proxy.heal();
    expect((await mend(rig, report)).code).toBe(0);
    expect(hosts(rig)).toContain(line);
  });

  it.each<[string, readonly Direction[]]>([
    ['nothing comes back', ['from-node']],
    ['nothing gets there', ['to-node']],
    ['nothing passes at all', both],
  ])('where %s ends at its limit and says that the node does not answer', async (_name, directions) => {
    const before = hosts(rig);
    const line = edit(rig);
    faulty({ drop: true }, directions);
    const nodes = await push(rig);
    expect(nodes['broken']).toMatchObject(silent);
    expect(nodes['whole']).toMatchObject({ state: 'active', changed: true });
    expect(hosts(rig)).toBe(before);
    proxy.heal();
    expect(await pushed(rig)).toMatchObject({ state: 'active', changed: true });
    expect(hosts(rig)).toContain(line);
  });

  it('that goes silent after the command began ends at its limit, with the old file or the new one', async () => {
    edit(rig);
    await pushed(rig);
    const after = passed('to-node') - 700;
    const before = hosts(rig);
    const line = edit(rig);
    faulty({ cut: { after, how: 'drop' } }, ['to-node']);
    const report = await pushed(rig);
    expect(report).toMatchObject({ state: 'pending_sync', verified: false });
    expect(report.cause).toMatch(/^(connection_lost|deadline|timeout)$/u);
    expect([before.includes(line), hosts(rig).includes(line) || hosts(rig) === before]).toEqual([
      false,
      true,
    ]);
    proxy.heal();
    expect((await rig.syncctl(['push', 'broken'])).code).toBe(0);
    expect(hosts(rig)).toContain(line);
  });

  it('to a server that dribbles its banner ends at the limit of the handshake', async () => {
    faulty({ bytesPerSecond: 20 }, ['from-node']);
    edit(rig);
    const nodes = await push(rig);
    expect(nodes['broken']).toMatchObject({
      ...silent,
      evidence: expect.stringContaining('no SSH handshake within') as string,
    });
    expect(nodes['whole']).toMatchObject({ state: 'active' });
  });

  it('over a modem line succeeds', async () => {
    const line = edit(rig);
    faulty({ bytesPerSecond: 7_000, latencyMs: 60, jitterMs: 30 });
    expect(await pushed(rig)).toMatchObject({ state: 'active' });
    expect(hosts(rig)).toContain(line);
  });

  it('in segments of one byte after the banner succeeds', async () => {
    const line = edit(rig);
    faulty({ sliceAfter: 64 });
    expect(await pushed(rig)).toMatchObject({ state: 'active', changed: true });
    expect(hosts(rig)).toContain(line);
  });

  it('to an address at which another enrolled node answers installs nothing there, and says who it is', async () => {
    const other = await wire(rig, 1);
    edit(rig);
    await push(rig, 'whole');
    const before = [hosts(rig, 0), hosts(rig, 1)];
    const report = await pushed(rig);
    expect(report).toMatchObject({
      state: 'error',
      cause: 'identity_mismatch',
      remedy: 'syncctl doctor broken',
      evidence: expect.stringContaining(`worker_nodes@${rig.node(1).address} answers here`) as string,
    });
    expect([hosts(rig, 0), hosts(rig, 1)]).toEqual(before);
    const told = await mend(rig, report);
    expect([told.code, told.stdout]).toEqual([1, expect.stringMatching(/answers here/u)]);
    expect(told.stdout).not.toContain('--replace');
    moveRow(rig, 'broken', { ip: proxy.host, port: proxy.port });
    await other.stop();
    expect(await pushed(rig)).toMatchObject({ state: 'active' });
  });

  it('of a daemon whose session died in silence goes through a new one, without a failed push', async () => {
    writeFileSync(rig.settings, readFileSync(rig.settings, 'utf8').replace('probeMs: 300', 'probeMs: 500'));
    const daemon = rig.daemon();
    const first = edit(rig);
    await until('the first edit is there', () => hosts(rig).includes(first), 30_000);
    await until('it is told', () => daemon.said().includes('synced and verified: broken'));
    for (const passage of proxy.passages) passage.blackhole();
    const second = edit(rig);
    await until('the second edit is there', () => hosts(rig).includes(second), 30_000);
    expect(daemon.said()).not.toMatch(/pending_sync|\[✗\]/u);
    expect(await daemon.stop()).toBe(0);
  });
});
