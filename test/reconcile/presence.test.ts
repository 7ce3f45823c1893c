import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Clock } from '../../src/lib/clock.ts';
import { nodeId, type NodeId } from '../../src/model/node.ts';
import { Presence } from '../../src/reconcile/presence.ts';
import { ManualClock } from '../support/manual-clock.ts';

const id = nodeId('worker_nodes', '127.0.0.1');
const settings = { probeMs: 500, rampAfterMs: 60_000, slowProbeMs: 10_000, maxPerSecond: 100, dialMs: 1_000 };

/** A wheel whose turns are counted, in time that the test moves. */
function rig() {
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
    settings,
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

/** A port that accepts and greets, as sshd does. */
async function greeter() {
  const server = createServer((socket) => socket.end('SSH-2.0-test\r\n')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

describe('Presence', () => {
  it('tells once that a node is back', async () => {
    const { time, presence, returned, end } = rig();
    const sshd = await greeter();
    presence.watch(id, '127.0.0.1', sshd.port);
    const deadline = performance.now() + 20_000;
    while (returned.length === 0 && performance.now() < deadline) {
      await time.advance(100);
      await setImmediate();
    }
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
});
