import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ControllerStatus } from '../../src/contract/report.ts';
import { fleetAvailable } from '../fleet/availability.ts';
import { names, serve, whoHolds } from './hosts-rig.ts';
import { startRig, until, type Daemon, type Rig } from './rig.ts';

const available = fleetAvailable('namespaces').available;

describe.skipIf(!available)('a change that has to be confirmed', () => {
  let rig: Rig;
  let daemon: Daemon;
  beforeAll(async () => {
    rig = await startRig({
      nodes: names.slice(0, 2).map((name) => ({ type: 'worker_nodes' as const, name })),
      settings: 'push:\n  confirmSeconds: 6\nretry:\n  delayMs: 200\n',
    });
    daemon = rig.daemon();
    await until('both have it', () => whoHolds(rig, 'demo') === 'wa wb');
  });
  afterAll(async () => {
    await rig.stop();
  });

  it('is confirmed over a new connection and stays', async () => {
    serve(rig, 'kept');
    await until('both have it', () => whoHolds(rig, 'kept') === 'wa wb');
    const armed = 'ls /var/lib/sync-controller/clusters/*/hosts/armed';
    await until('nothing waits any more', async () => (await rig.node(0).run(armed)).code !== 0);
    const pushed = await rig.syncctl(['push', 'wa', '--confirm-within', '10s', '-o', 'json']);
    expect(pushed.code).toBe(0);
    expect(whoHolds(rig, 'kept')).toBe('wa wb');
  });

  it('is taken back by the node itself where the way back is cut, and told as such', async () => {
    // The warm session carries the change; a new connection is what the change has made impossible.
    await rig.node(0).stopSshd({ keepSessions: true });
    serve(rig, 'kept', 'cut');
    await until('it has come', () => whoHolds(rig, 'cut') === 'wa wb');
    await until('the node has taken it back', () => whoHolds(rig, 'cut') === 'wb', 30_000);
    const { nodes } = JSON.parse((await rig.syncctl(['status', '-o', 'json'])).stdout) as ControllerStatus;
    expect(nodes.map(({ state, cause }) => [state, cause])).toEqual([
      ['error', 'unconfirmed'],
      ['active', null],
    ]);
    expect(nodes[0]?.evidence).toMatch(/refused: .*; the node takes it back within 6 s/u);
    await rig.node(0).startSshd();
    const pushed = await rig.syncctl(['push', 'wa', '-o', 'json']);
    expect([pushed.code, pushed.stdout]).toEqual([0, expect.stringContaining('"confirmed"')]);
    await until('it stays', () => whoHolds(rig, 'cut') === 'wa wb');
    expect(daemon.process.exitCode).toBeNull();
  });
});
