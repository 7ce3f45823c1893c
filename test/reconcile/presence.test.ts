import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Clock } from '../../src/lib/clock.ts';
import { nodeId, type NodeId } from '../../src/model/node.ts';
import { Presence } from '../../src/reconcile/presence.ts';
import * as probe from '../../src/reconcile/probe.ts';
import { ManualClock } from '../support/manual-clock.ts';

// The real probe, counted.
vi.mock(import('../../src/reconcile/probe.ts'), async (importOriginal) => {
  const { accepting } = await importOriginal();
  return { accepting: vi.fn(accepting) };
});
const asked = (): number => vi.mocked(probe.accepting).mock.calls.length;
beforeEach(() => {
  vi.mocked(probe.accepting).mockClear();
});

const id = nodeId('worker_nodes', '127.0.0.1');
const settings = { probeMs: 500, rampAfterMs: 60_000, slowProbeMs: 10_000, maxPerSecond: 100, dialMs: 1_000 };

/** A wheel whose turns are counted, in time that the test moves. */
function rig(changes: Partial<typeof settings> = {}) {
  const time = new ManualClock();
  let turns = 0;
  const clock: Clock = {
    now: () => time.now(),
    monotonic: () => time.monotonic(),
    sleep: (ms, signal) => {
      turns += 1;
      return time.sleep(ms, signal);
    },
  };
  const returned: NodeId[] = [];
  const presence = new Presence({
    clock,
    random: { unit: () => 0.5, hex: () => '' },
    settings: { ...settings, ...changes },
    onReturn: (node) => returned.push(node),
  });
  const stop = new AbortController();
  const running = presence.run(stop.signal);
  const end = async (): Promise<void> => {
    stop.abort();
    await running;
  };
  return { time, presence, returned, turns: () => turns, end };
}

/** A port that accepts, and greets as sshd does unless it is mute. */
async function greeter(greeting = 'SSH-2.0-test\r\n') {
  let accepted = 0;
  const server = createServer((socket) => {
    accepted += 1;
    socket.on('error', () => undefined);
    if (greeting !== '') socket.end(greeting);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    accepted: () => accepted,
    close: () => server.close(),
  };
}

/** Moves time by steps until the condition holds, letting sockets do their work in between. */
async function passing(time: ManualClock, condition: () => boolean): Promise<number> {
  const [began, deadline] = [time.monotonic(), performance.now() + 20_000];
  while (!condition() && performance.now() < deadline) {
    await time.advance(100);
    await setImmediate();
  }
  return time.monotonic() - began;
}

const worker = (n: number): NodeId => nodeId('worker_nodes', `10.0.0.${String(n)}`);

describe('Presence', () => {
  it('tells once that a node is back', async () => {
    const { time, presence, returned, end } = rig();
    const sshd = await greeter();
    presence.watch(id, '127.0.0.1', sshd.port);
    await passing(time, () => returned.length > 0);
    await time.advance(60_000);
    expect(returned).toEqual([id]);
    await end();
    sshd.close();
  });

  it('wakes the process for nothing while every node is there', async () => {
    const { time, presence, turns, end } = rig();
    await time.advance(60_000);
    expect(turns()).toBe(0);
    presence.watch(id, '127.0.0.1', 1);
    await time.advance(1_000);
    expect(turns()).toBeGreaterThan(2);
    presence.forget(id);
    await time.advance(1_000);
    const standing = turns();
    await time.advance(60_000);
    expect(turns()).toBe(standing);
    await end();
  });

  it('asks no more often than its cap, also when everybody is due at once', async () => {
    const sshd = await greeter('');
    const { time, presence, end } = rig({ maxPerSecond: 50 });
    for (let n = 0; n < 120; n += 1) presence.watch(worker(n), '127.0.0.1', sshd.port);
    await time.advance(5_000);
    presence.sweep();
    const before = asked();
    await time.advance(1_000);
    expect(asked() - before).toBeGreaterThan(30);
    expect(asked() - before).toBeLessThanOrEqual(50);
    await end();
    sshd.close();
  });

  it('asks every node in a sweep, and sweeps again only some seconds later however often it is told to', async () => {
    const { time, presence, end } = rig({ probeMs: 600_000, slowProbeMs: 600_000 });
    for (let n = 0; n < 10; n += 1) presence.watch(worker(n), '127.0.0.1', 1);
    await time.advance(1_000);
    expect(asked()).toBe(0);
    for (let n = 0; n < 20; n += 1) {
      presence.sweep();
      await time.advance(100);
    }
    expect(asked()).toBe(10);
    await time.advance(2_000);
    expect(asked()).toBe(20);
    await time.advance(60_000);
    expect(asked()).toBe(20);
    await end();
  });

  it('probes the node of a hint before all others, and often from then on, but takes it for nothing more than a hint', async () => {
    const sshd = await greeter('');
    const { time, presence, returned, end } = rig({ rampAfterMs: 0, slowProbeMs: 600_000 });
    presence.watch(worker(1), '127.0.0.1', sshd.port);
    presence.watch(id, '127.0.0.1', 1);
    await time.advance(1_000);
    const before = asked();
    presence.hint(id);
    presence.hint(nodeId('worker_nodes', '10.9.9.9'));
    await time.advance(5_000);
    expect(asked() - before).toBeGreaterThanOrEqual(5);
    expect(returned).toEqual([]);
    await end();
    sshd.close();
  });

  it('tells nothing of a node that was forgotten while it was asked', async () => {
    const { time, presence, returned, end } = rig();
    const answer = Promise.withResolvers<boolean>();
    vi.mocked(probe.accepting).mockReturnValueOnce(answer.promise);
    presence.watch(id, '127.0.0.1', 1);
    while (asked() === 0) await time.advance(50);
    presence.forget(id);
    presence.watch(id, '127.0.0.1', 2);
    answer.resolve(true);
    await setImmediate();
    expect([returned, presence.absent.size]).toEqual([[], 1]);
    await end();
  });

  it('leaves nothing behind for every turn it waits', async () => {
    const { time, presence, end } = rig({ probeMs: 1_000, dialMs: 500 });
    presence.watch(id, '127.0.0.1', 1);
    await time.advance(600_000);
    expect(Reflect.get(presence, 'sleepers')).toHaveProperty('size', 1);
    await end();
  });
});
