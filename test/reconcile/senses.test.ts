import { describe, expect, it } from 'vitest';
import type { Links } from '../../src/lib/links.ts';
import { loggerOver } from '../../src/lib/logger.ts';
import type { Peer, Tailnet } from '../../src/lib/tailnet.ts';
import { nodeId, type NodeId } from '../../src/model/node.ts';
import { Senses } from '../../src/reconcile/senses.ts';
import { ManualClock } from '../support/manual-clock.ts';

const laptop = nodeId('management_laptops', '100.86.112.112');
const wired: Links = { fingerprint: 'eth0 192.168.1.5', hasAddress: true, hasDefaultRoute: true };
const peer = (online: boolean): Peer => ({
  online,
  expired: false,
  lastSeen: online ? undefined : '2026-01-01T00:00:00Z',
});
const tailnet = (online: boolean): Tailnet => ({
  kind: 'up',
  online: true,
  peers: new Map([['100.86.112.112', peer(online)]]),
});

/** Senses over a wheel that only notes what it is told. */
function rig(how: { readonly tailscale?: boolean } = {}) {
  const clock = new ManualClock();
  const world = { links: wired, tailnet: tailnet(false), nodes: 5, wallMs: 0 };
  const seen = { sweeps: 0, looks: 0, questions: 0, hints: [] as NodeId[], said: [] as string[] };
  const absent = new Map<
    NodeId,
    { host: string; port: number; sinceMs: number; nextMs: number; eagerMs: number }
  >();
  let waiting = Promise.withResolvers<undefined>();
  const senses = new Senses({
    clock: {
      now: () => clock.now() + world.wallMs,
      monotonic: () => clock.monotonic(),
      sleep: (ms, signal) => clock.sleep(ms, signal),
    },
    random: { unit: () => 0.5, hex: () => '' },
    log: loggerOver((level, message) => seen.said.push(`${level} ${message}`)),
    presence: {
      absent,
      anyAbsent: (signal) => {
        signal.addEventListener('abort', () => {
          waiting.resolve(undefined);
        });
        return waiting.promise;
      },
      hint: (id) => seen.hints.push(id),
      sweep: () => (seen.sweeps += 1),
    },
    around: {
      links: () => {
        seen.looks += 1;
        return Promise.resolve(world.links);
      },
      ...(how.tailscale === false
        ? {}
        : {
            tailnet: () => {
              seen.questions += 1;
              return Promise.resolve(world.tailnet);
            },
          }),
    },
    nodes: () => world.nodes,
  });
  const lose = (id: NodeId): void => {
    absent.set(id, {
      host: id.slice(id.indexOf('@') + 1),
      port: 22,
      sinceMs: clock.monotonic(),
      nextMs: 0,
      eagerMs: 0,
    });
    waiting.resolve(undefined);
    waiting = Promise.withResolvers<undefined>();
  };
  const stop = new AbortController();
  const running = senses.run(stop.signal);
  const end = async (): Promise<void> => {
    stop.abort();
    await running;
  };
  return { clock, world, seen, senses, absent, lose, end };
}

describe('what tells of absent nodes beside the probe', () => {
  it('is not asked while nobody is absent', async () => {
    const { clock, seen, end } = rig();
    await clock.advance(600_000);
    expect(seen).toMatchObject({ looks: 1, questions: 0, sweeps: 0 });
    await end();
  });

  it('probes everybody once when a link has changed', async () => {
    const { clock, world, seen, lose, end } = rig();
    lose(laptop);
    await clock.advance(10_000);
    expect(seen.sweeps).toBe(0);
    world.links = { ...wired, fingerprint: 'wlan0 192.168.7.9' };
    await clock.advance(10_000);
    expect(seen.sweeps).toBe(1);
    await end();
  });

  it('notices a link that was lost and found before anybody was absent for a second', async () => {
    const { clock, world, seen, lose, end } = rig();
    await clock.advance(1_000);
    world.links = { ...wired, fingerprint: 'wlan0 192.168.7.9' };
    lose(laptop);
    await clock.advance(2_000);
    expect(seen.sweeps).toBe(1);
    await end();
  });

  it('probes everybody after the machine has slept, which only the wall clock has noticed', async () => {
    const { clock, world, seen, lose, end } = rig();
    lose(laptop);
    await clock.advance(5_000);
    world.wallMs += 8 * 3_600_000;
    await clock.advance(5_000);
    expect(seen.sweeps).toBe(1);
    await end();
  });

  it('asks Tailscale every five seconds for a node it knows, and hints at one that is online again', async () => {
    const { clock, world, seen, senses, lose, end } = rig();
    lose(laptop);
    await clock.advance(60_000);
    expect(seen.questions).toBeGreaterThanOrEqual(9);
    expect(seen.questions).toBeLessThanOrEqual(13);
    expect(senses.evidenceOn(laptop)).toBe('Tailscale says: offline since 2026-01-01T00:00:00Z');
    expect(seen.hints).toEqual([]);
    world.tailnet = tailnet(true);
    await clock.advance(12_000);
    expect(seen.hints).toEqual([laptop]);
    expect(senses.evidenceOn(laptop)).toBe('Tailscale says: online');
    await end();
  });

  it('remembers over a silence of Tailscale who was offline, and says nothing of anybody meanwhile', async () => {
    const { clock, world, seen, senses, lose, end } = rig();
    lose(laptop);
    await clock.advance(6_000);
    world.tailnet = { kind: 'silent' };
    await clock.advance(10_000);
    expect(senses.evidenceOn(laptop)).toBeUndefined();
    world.tailnet = tailnet(true);
    await clock.advance(70_000);
    expect([seen.hints, seen.sweeps]).toEqual([[laptop], 1]);
    await end();
  });

  it('asks Tailscale but once a minute where it knows none of the absent nodes', async () => {
    const { clock, seen, lose, end } = rig();
    lose(nodeId('worker_nodes', '192.168.1.9'));
    await clock.advance(600_000);
    expect(seen.questions).toBeLessThanOrEqual(11);
    await end();
  });

  it('asks no Tailscale where the settings say off', async () => {
    const { clock, senses, lose, end } = rig({ tailscale: false });
    lose(laptop);
    await clock.advance(60_000);
    expect(senses.evidenceOn(laptop)).toBeUndefined();
    await end();
  });

  it("says once that the controller's own network seems to be gone, and once that it is back", async () => {
    const { clock, world, seen, senses, absent, lose, end } = rig();
    for (let n = 1; n < 5; n += 1) lose(nodeId('worker_nodes', `192.168.1.${String(n)}`));
    await clock.advance(5_000);
    expect(senses.ownNetwork()).toBeUndefined();
    world.links = { fingerprint: '', hasAddress: true, hasDefaultRoute: false };
    lose(laptop);
    await clock.advance(5_000);
    expect(senses.ownNetwork()).toEqual({
      evidence: 'this machine has lost its default route',
      since: expect.stringMatching(/^2026-01-01T00:00:/u),
    });
    absent.delete(laptop);
    await clock.advance(5_000);
    expect(senses.ownNetwork()).toBeUndefined();
    expect(seen.said).toEqual([
      'warn the controller itself seems to have no network',
      'info a node answers again: the controller has a network',
    ]);
    await end();
  });
});
