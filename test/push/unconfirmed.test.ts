import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/model/bundle.ts';
import { nodeId } from '../../src/model/node.ts';
import type { NodePlan } from '../../src/model/plan.ts';
import { pushNode } from '../../src/push/push-node.ts';
import { Unconfirmed } from '../../src/push/unconfirmed.ts';
import { TransportFailure, type ExchangeResult, type Transport } from '../../src/transport/transport.ts';
import { readRequest, type WireRequest } from '../sim/node/request.ts';
import { receiptOf } from '../sim/node/receipt.ts';
import { ManualClock } from '../support/manual-clock.ts';

const id = nodeId('worker_nodes', '10.0.0.1');
const digest = digestOf('x');
const bundle = { kind: 'hosts', bytes: 'x', digest, names: [], expectation: { kind: 'hosts', names: [] } };
const plan = { id, node: { id, name: 'n', hostKeys: [] }, bundles: [bundle] } as unknown as NodePlan;

/** A node that takes every change, and a way to it on which answers are lost. */
class Node {
  readonly asked: string[] = [];
  /** Modes whose answers do not come back. */
  mute = new Set<string>();
  private installed: WireRequest | undefined;
  private seq = 0;
  private readonly unconfirmed = new Unconfirmed();
  private readonly transport: Transport;

  constructor() {
    const way: Pick<Transport, 'exchange'> = { exchange: (_endpoint, { stdin }) => this.exchange(stdin) };
    this.transport = way as Transport;
  }

  async push(approach: 'apply' | 'check', confirmSeconds: number): Promise<string> {
    const outcome = await pushNode(
      plan,
      approach,
      {
        lane: {
          transport: this.transport,
          endpoint: { id, host: '10.0.0.1' } as never,
          clusterId: 'cluster-0001',
          random: { unit: () => 0, hex: () => '00112233445566778899aabbccddeeff' },
          deadlineMs: 1_000,
        },
        clock: new ManualClock(),
        nextPosition: () => ({ epoch: 3, writer: 'aaaaaaaa', seq: (this.seq += 1) }),
        slot: (work) => work(),
        memory: undefined,
        loadMs: 1,
        takeOver: false,
        confirmSeconds,
        unconfirmed: this.unconfirmed,
        additionsOnly: false,
      },
      new AbortController().signal,
    );
    return outcome.ok ? `ok ${outcome.notes.join(' ')}`.trim() : outcome.cause;
  }

  private exchange(stdin: Buffer): Promise<ExchangeResult> {
    const request = readRequest(stdin);
    if ('refused' in request) return Promise.reject(new Error(request.why));
    const { mode, seq } = request;
    this.asked.push(mode === 'check' ? mode : `${mode} ${String(seq)}`);
    if (mode === 'apply') this.installed = request;
    if (this.mute.has(mode))
      return Promise.reject(new TransportFailure('deadline', 'no end of the command', true));
    const mark = this.installed === undefined ? null : { ...this.installed, sha: digest };
    const told = receiptOf({
      ...request,
      expected: {
        result: { apply: 'INSTALLED', confirm: 'CONFIRMED' }[mode] ?? 'CHECKED',
        first: false,
        fence: mark,
        installed: mark === null ? null : { ...mark, restored_from: null },
        owner: null,
        before: mark === null ? 'absent' : digest,
        after: mark === null ? 'absent' : digest,
      },
      rungs: { digest: 'ok', parsed: 'ok', resolves: 'ok' },
      bodies: new Map(),
      boot: 'b',
      clockSeconds: 1,
      hostname: 'h',
      path: '/etc/hosts',
      shape: 'block',
      sizes: { before: 1, after: 1 },
      text: '',
    });
    const phases = { dialMs: 0, authMs: 0, execMs: 0 };
    return Promise.resolve({ ...told, signal: undefined, stderr: '', phases, hostKey: 'k' });
  }
}

describe('a change that the node takes back unless it is confirmed', () => {
  it('is confirmed by the next look where the answer to it was lost', async () => {
    const node = new Node();
    node.mute.add('apply');
    expect(await node.push('apply', 60)).toBe('deadline');
    node.mute.clear();
    expect(await node.push('check', 60)).toBe('ok confirmed');
    expect(node.asked).toEqual(['check', 'apply 2', 'check', 'confirm 2']);
  });

  it('is confirmed by the next look where the confirmation was lost, also when nothing is to be secured any more', async () => {
    const node = new Node();
    node.mute.add('confirm');
    expect(await node.push('apply', 60)).toBe('unconfirmed');
    expect(await node.push('check', 0)).toBe('unconfirmed');
    node.mute.clear();
    expect(await node.push('check', 0)).toBe('ok confirmed');
    expect(await node.push('check', 0)).toBe('ok');
  });

  it('that a later request has replaced is confirmed no more', async () => {
    const node = new Node();
    node.mute.add('confirm');
    expect(await node.push('apply', 60)).toBe('unconfirmed');
    expect(await node.push('apply', 0)).toBe('ok');
    expect(await node.push('check', 60)).toBe('ok');
    expect(node.asked.filter((each) => each.startsWith('confirm'))).toHaveLength(1);
  });
});
