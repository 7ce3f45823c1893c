import { describe, expect, it } from 'vitest';
import type { Links } from '../../src/lib/links.ts';
import { ownNetworkFault, type Silence } from '../../src/reconcile/own-network.ts';

const up: Links = { fingerprint: 'x', hasAddress: true, hasDefaultRoute: true };
const gone = (count: number, apartMs: number, host = '192.168.1.9'): Silence['absent'] =>
  Array.from({ length: count }, (_, n) => ({ host, sinceMs: n * apartMs }));
const fault = (changes: Partial<Silence>): string | undefined =>
  ownNetworkFault({
    nodes: 3,
    absent: gone(3, 60_000),
    links: up,
    hadDefaultRoute: true,
    tailnet: undefined,
    ...changes,
  });

describe('the network of the controller itself', () => {
  it('is above suspicion while a single node answers', () => {
    const dead = { ...up, hasAddress: false, hasDefaultRoute: false };
    expect(fault({ nodes: 4, links: dead })).toBeUndefined();
    expect(fault({ absent: [], nodes: 0, links: dead })).toBeUndefined();
  });

  it('is above suspicion where the nodes went one after the other', () => {
    expect(fault({})).toBeUndefined();
  });

  it('is at fault without an address, or without the default route it once had', () => {
    expect(fault({ links: { ...up, hasAddress: false } })).toBe(
      'no interface of this machine is up with an address',
    );
    const routeless = { ...up, hasDefaultRoute: false };
    expect(fault({ links: routeless })).toBe('this machine has lost its default route');
    expect(fault({ links: routeless, hadDefaultRoute: false })).toBeUndefined();
    expect(fault({ links: { ...up, hasDefaultRoute: undefined } })).toBeUndefined();
  });

  it('is at fault where all nodes went silent at once, if they are enough to tell', () => {
    expect(fault({ absent: gone(3, 1_000) })).toBe('all 3 nodes went silent within 2 s');
    expect(fault({ nodes: 2, absent: gone(2, 0) })).toBeUndefined();
  });

  it('is at fault where its Tailscale is, and every node is reached through that', () => {
    const absent = gone(3, 60_000, '100.86.112.112');
    expect(fault({ absent, tailnet: { kind: 'off', state: 'Stopped' } })).toBe(
      'Tailscale is not connected on this machine (Stopped)',
    );
    expect(fault({ absent, tailnet: { kind: 'silent' } })).toBe(
      'the Tailscale of this machine does not answer',
    );
    expect(fault({ absent, tailnet: { kind: 'up', online: false, peers: new Map() } })).toBe(
      'this machine is offline in Tailscale',
    );
    expect(fault({ absent, tailnet: { kind: 'up', online: true, peers: new Map() } })).toBeUndefined();
    expect(fault({ tailnet: { kind: 'off', state: 'Stopped' } })).toBeUndefined();
  });
});
