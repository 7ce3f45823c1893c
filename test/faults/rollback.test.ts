// A bad revision meets a canary that has become full meanwhile: the way back fails, and nobody is told otherwise.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ControllerStatus, PushReport } from '../../src/contract/report.ts';
import { block, heal, serve, spoil } from '../e2e/hosts-rig.ts';
import { startRig, until, type Rig } from '../e2e/rig.ts';
import { fleetAvailable } from '../fleet/availability.ts';
import { holdAt } from './faults-rig.ts';

const available = fleetAvailable('namespaces').available;

describe.skipIf(!available)('a rollback on a canary without room', () => {
  let rig: Rig;
  let good: string;
  beforeAll(async () => {
    rig = await startRig({
      nodes: ['wa', 'wb'].map((name) => ({ type: 'worker_nodes' as const, name })),
      settings: [
        'rollout:\n  batches: [1, "100%"]\n  canaries:\n    names: [wa]',
        'retry:\n  delayMs: 200\n  maxDelayMs: 1500\n',
      ].join('\n'),
    });
    expect((await rig.syncctl(['push'])).code).toBe(0);
    good = block(rig, 0);
    await spoil(rig, 0, 'bad');
  });
  afterAll(async () => {
    await rig.stop();
  });

  /** The disk of the canary is full from the moment at which the bad revision stands there, until the answer is called. */
  const fullAfterRename = async (installs: () => Promise<unknown>): Promise<() => Promise<void>> => {
    const hold = await holdAt(rig.node(0), 'renamed');
    const installing = installs();
    await hold.reached();
    await rig.node(0).fillDisk('/etc');
    await hold.release();
    await installing;
    return () => rig.node(0).freeDisk('/etc');
  };
  const status = async (): Promise<ControllerStatus> =>
    JSON.parse((await rig.syncctl(['status', '-o', 'json'])).stdout) as ControllerStatus;

  it('ends a push with 4 and rollback_failed, never active, and says what is full; the push after the disk is freed mends it', async () => {
    let pushed: Awaited<ReturnType<Rig['syncctl']>> | undefined;
    serve(rig, 'bad');
    const free = await fullAfterRename(async () => (pushed = await rig.syncctl(['push', '-o', 'json'])));
    const node = (JSON.parse(pushed?.stdout ?? '') as PushReport).nodes.find(({ name }) => name === 'wa');
    expect([pushed?.code, node?.state, node?.cause, node?.verified]).toEqual([
      4,
      'error',
      'rollback_failed',
      false,
    ]);
    expect(node?.evidence).toMatch(/^enospc: .*No space left on device/u);
    expect([block(rig, 0).includes('bad.'), block(rig, 1)]).toEqual([true, good]);
    expect((await rig.syncctl(['health'])).stdout).toMatch(
      /wa: error[^]*\nPinned: .*not taken back from wa enospc/u,
    );
    expect((await rig.syncctl(['push'])).code).toBe(4);
    expect(node?.remedy).toBe('syncctl doctor wa');
    expect((await rig.syncctl(['doctor', 'wa'])).code).toBe(1);
    await free();
    expect((await rig.syncctl(['push'])).code).toBe(3);
    expect(block(rig, 0)).toBe(good);
  });

  it('is tried again and again by a daemon, which takes the revision back by itself when there is room', async () => {
    serve(rig);
    await heal(rig, 0, 'bad');
    expect((await rig.syncctl(['push'])).code).toBe(0);
    await spoil(rig, 0, 'worse');
    const daemon = rig.daemon();
    await until(
      'both are verified',
      async () =>
        (await rig.syncctl(['health', '-o', 'json'])).stdout.match(/"verified": true/gu)?.length === 2,
    );
    serve(rig, 'worse');
    const free = await fullAfterRename(() => Promise.resolve());
    await until('the way back has failed', async () => (await status()).rollout?.phase === 'rollback-failed');
    const failing = async (): Promise<object | undefined> =>
      (await status()).nodes.find(({ name }) => name === 'wa');
    expect(await failing()).toMatchObject({ state: 'error', cause: 'rollback_failed' });
    expect((await rig.syncctl(['rollout', 'show'])).code).toBe(4);
    const first = JSON.stringify(await failing());
    await until('it has tried again', async () => JSON.stringify(await failing()) !== first);
    expect(await failing()).toMatchObject({ state: 'error', cause: 'rollback_failed' });
    await free();
    await until('it is taken back', async () => (await status()).rollout?.phase === 'rolled-back');
    expect(await failing()).toMatchObject({ state: 'active' });
    expect([block(rig, 0), block(rig, 1)]).toEqual([good, good]);
    expect(await daemon.stop()).toBe(0);
  });
});
