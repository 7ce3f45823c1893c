import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { askTailnet } from '../../src/lib/tailnet-status.ts';
import type { Tailnet } from '../../src/lib/tailnet.ts';
import { until } from '../fleet/process.ts';
import { suiteTitle } from './origins.ts';
import { startTailnet, tailnetAvailable, type TailnetServer } from './tailnet.ts';

const availability = tailnetAvailable();

describe.skipIf(!availability.available)(suiteTitle('a real Tailscale', availability), () => {
  let server: TailnetServer;
  beforeAll(async () => {
    server = await startTailnet();
  }, 120_000);
  beforeEach(() => {
    vi.stubEnv('PATH', server.binDir);
  });
  afterAll(async () => {
    await server.stop();
  });

  const ask = (): Promise<Tailnet> => askTailnet(new AbortController().signal);
  const seen = async (ip: string): Promise<string> => {
    const net = await ask();
    const peer = net.kind === 'up' ? net.peers.get(ip) : undefined;
    return peer === undefined ? 'unknown' : peer.online ? 'online' : `offline since ${String(peer.lastSeen)}`;
  };

  it('tells a peer that goes and comes back, and since when it was away', async () => {
    await server.peer('laptop', '100.100.7.9', true);
    await until('it is online', async () => (await seen('100.100.7.9')) === 'online');
    await server.peer('laptop', '100.100.7.9', false);
    await until('it is offline', async () =>
      /^offline since \d{4}-\d\d-\d\dT[\d:]+Z$/u.test(await seen('100.100.7.9')),
    );
    await server.peer('laptop', '100.100.7.9', true);
    await until('it is online again', async () => (await seen('100.100.7.9')) === 'online');
    expect(await seen('100.100.7.10')).toBe('unknown');
  });

  it('tells that it is stopped on this machine', async () => {
    server.turn('down');
    expect(await ask()).toEqual({ kind: 'off', state: 'Stopped' });
    server.turn('up');
    await until('it is up', async () => (await ask()).kind === 'up');
  });
});
