import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/model/bundle.ts';
import { nodeId } from '../../src/model/node.ts';
import type { TargetMemory } from '../../src/model/outcome.ts';
import type { NodePlan } from '../../src/model/plan.ts';
import { Reconciler } from '../../src/reconcile/reconciler.ts';
import { Slots } from '../../src/reconcile/slots.ts';
import { TermHolder } from '../../src/reconcile/term-holder.ts';
import type { Transport } from '../../src/transport/transport.ts';
import { readRequest } from '../sim/node/request.ts';
import { receiptOf } from '../sim/node/receipt.ts';
import { ManualClock } from '../support/manual-clock.ts';

const id = nodeId('worker_nodes', '10.0.0.1');
const bytes = 'x';
const digest = digestOf(bytes);
const bundle = { kind: 'hosts', bytes, digest, names: [], expectation: { kind: 'hosts', names: [] } };
const plan = { id, node: { id, name: 'n', hostKeys: [] }, bundles: [bundle] } as unknown as NodePlan;
const term = { epoch: 3, writer: 'aaaaaaaa' };

type Answers = Readonly<{ result: string; resolves: 'ok' | 'bad' }>;

/** A way to one node that answers every request with the same result and the same word of its resolver. */
function answering({ result, resolves }: Answers): Transport {
  const mark = { ...term, seq: 1, sha: digest };
  const way: Pick<Transport, 'exchange' | 'isWarm'> = {
    isWarm: () => true,
    exchange: (endpoint, { stdin }) => {
      const request = readRequest(stdin);
      if ('refused' in request) return Promise.reject(new Error(request.why));
      const told = receiptOf({
        ...request,
        expected: {
          result,
          first: false,
          fence: result === 'FENCED' ? { ...mark, epoch: 9 } : mark,
          installed: { ...mark, restored_from: null },
          owner: null,
          before: digest,
          after: digest,
        },
        rungs: { digest: 'ok', parsed: 'ok', resolves },
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
      return Promise.resolve({ ...told, signal: undefined, stderr: '', phases, hostKey: endpoint.host });
    },
  };
  return way as Transport;
}

/** One attempt, and what is remembered of the node after it. */
async function attempt(answers: Answers): Promise<TargetMemory | undefined> {
  let remembered: TargetMemory | undefined;
  const terms = new TermHolder({
    keeper: { take: () => Promise.resolve({ clusterId: 'cluster-0001', ...term }) },
    memory: { remember: () => Promise.resolve(), recall: () => Promise.resolve(undefined) },
    random: { unit: () => 0, hex: () => 'aaaaaaaa' },
    holder: 'test',
  });
  await terms.begin(0);
  const times = { attempts: 1, delayMs: 1, factor: 1, parallel: 1, maxDelayMs: 1 };
  const reconciler = new Reconciler({
    transport: answering(answers),
    endpointOf: () => Promise.resolve({ id, host: '10.0.0.1', port: 22, user: 'u', pins: [] } as never),
    mend: () => Promise.resolve(undefined),
    memory: {
      recall: () => remembered,
      remember: (_id, _kind, memory) => {
        remembered = memory;
      },
      flush: () => Promise.resolve(),
    },
    terms,
    slots: new Slots(1),
    coldSlots: new Slots(1),
    ownerOfKey: () => undefined,
    receiverVersion: () => Promise.resolve('1.0.0'),
    clock: new ManualClock(),
    random: { unit: () => 0, hex: () => '00112233445566778899aabbccddeeff' },
    settings: { ...times, deadlineMs: 1_000, loadMs: 1 },
    additionsOnly: () => false,
  });
  await reconciler.attempt(plan, 'apply', { takeOver: false }, new AbortController().signal);
  return remembered;
}

describe('what is remembered of a node', () => {
  it('is the term that it accepted, also where its consumer does not agree with the bytes', async () => {
    const accepted = { accepted: term, installed: digest };
    expect(await attempt({ result: 'INSTALLED', resolves: 'ok' })).toMatchObject(accepted);
    expect(await attempt({ result: 'INSTALLED', resolves: 'bad' })).toMatchObject(accepted);
  });

  it('is nothing of a push that it refused', async () => {
    expect(await attempt({ result: 'FENCED', resolves: 'ok' })).toBeUndefined();
    expect(await attempt({ result: 'NOSPACE', resolves: 'ok' })).toBeUndefined();
  });
});
