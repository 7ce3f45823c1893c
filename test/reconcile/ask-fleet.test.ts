import { describe, expect, it } from 'vitest';
import { nodeId, type NodeId } from '../../src/model/node.ts';
import { planFleet } from '../../src/plan/plan-fleet.ts';
import { askFleet, type AskParts } from '../../src/reconcile/ask-fleet.ts';
import type { Endpoint, Exchange, ExchangeResult } from '../../src/transport/transport.ts';
import { TransportFailure } from '../../src/transport/transport.ts';
import { laptop, snapshotOf } from '../plan/registry-of.ts';
import { ManualClock } from '../support/manual-clock.ts';

const cluster = 'cluster-0001';
const sha = 'a'.repeat(64);
const addresses = ['10.0.0.1', '10.0.0.2', '10.0.0.3'] as const;
const [first, second, third] = addresses.map((address) => nodeId('management_laptops', address));

function receipt(endpoint: Endpoint, { stdin }: Exchange, epoch: number): ExchangeResult {
  const nonce = stdin.toString('utf8').split(' ')[11] ?? '';
  const line = {
    sc: 1,
    nonce,
    node: endpoint.id,
    kind: 'hosts',
    mode: 'check',
    result: 'CHECKED',
    code: 0,
    fence: { epoch, writer: 'writer0001', seq: 1, sha },
    installed: null,
    owner: null,
    before: null,
    after: null,
    rungs: {},
    facts: {
      receiver: '1.0.0',
      wire: [1],
      boot: 'b',
      clock: 0,
      machine: 'm',
      hostname: 'h',
      bash: '5.2',
      shape: 'block',
      path: '/etc/hosts',
      ms: 1,
    },
    text: '',
    bodies: [],
  };
  return {
    exitCode: 0,
    signal: undefined,
    stdout: Buffer.from(`\n${JSON.stringify(line)}\n`),
    stderr: '',
    phases: { dialMs: 0, authMs: 0, execMs: 0 },
    hostKey: undefined,
  };
}

/** Nodes that answer with an epoch, fail, or are silent until the signal of their exchange fires. */
function rig(nodes: Readonly<Record<string, number | 'silent' | 'refused'>>) {
  const registry = JSON.stringify({
    management_laptops: addresses.map((ip) => ({ ...laptop, ip })),
    vps_nodes: [],
    worker_nodes: [],
  });
  const plan = planFleet(snapshotOf({ registry }), cluster, []);
  const clock = new ManualClock();
  const deadlines: number[] = [];
  const cut: NodeId[] = [];
  const parts: AskParts = {
    fleet: { planOf: (id) => plan.nodes.get(id) },
    endpointOf: async (node) => ({
      id: node.id,
      host: node.address,
      port: 22,
      user: 'u',
      identities: [],
      agentSocket: undefined,
      pins: [],
      jumps: [],
      proxyCommand: undefined,
    }),
    transport: {
      exchange: (endpoint, exchange, signal) => {
        const answer = nodes[endpoint.id];
        deadlines.push(exchange.deadlineMs);
        signal.addEventListener('abort', () => {
          cut.push(endpoint.id);
        });
        if (answer === 'refused') return Promise.reject(new TransportFailure('refused', 'no', false));
        if (typeof answer === 'number') return Promise.resolve(receipt(endpoint, exchange, answer));
        return new Promise(() => undefined);
      },
      isWarm: () => false,
      scan: () => Promise.resolve([]),
      close: () => Promise.resolve(),
    },
    random: { unit: () => 0.5, hex: (bytes) => '0'.repeat(bytes * 2) },
    clock,
    clusterId: cluster,
    deadlineMs: 30_000,
    termAskMs: 2_000,
  };
  return { parts, clock, deadlines, cut };
}

describe('askFleet', () => {
  const never = new AbortController().signal;

  it('answers the highest epoch heard, whatever the others say', async () => {
    const { parts } = rig({ [first!]: 4, [second!]: 7, [third!]: 'refused' });
    expect(await askFleet([first!, second!, third!], parts, never)).toBe(7);
  });

  it('waits for no silent node beyond its time, and does not cut it off either', async () => {
    const { parts, clock, deadlines, cut } = rig({ [first!]: 4, [second!]: 'silent' });
    let heard: number | undefined;
    const asked = askFleet([first!, second!], parts, never).then((epoch) => {
      heard = epoch;
    });
    await clock.advance(1_999);
    expect(heard).toBeUndefined();
    await clock.advance(1);
    await asked;
    expect(heard).toBe(4);
    expect(cut).toEqual([]);
    expect(Math.min(...deadlines)).toBeGreaterThanOrEqual(30_000);
  });

  it('passes over nodes without a plan', async () => {
    const { parts } = rig({ [first!]: 4 });
    expect(await askFleet([nodeId('management_laptops', '10.9.9.9'), first!], parts, never)).toBe(4);
  });
});
