import { describe, expect, it } from 'vitest';
import { causes, type CauseClass } from '../../src/model/cause.ts';
import { nodeId, type NodeId } from '../../src/model/node.ts';
import { silentLogger } from '../../src/lib/logger.ts';
import { Ledger } from '../../src/status/ledger.ts';
import { keyOf, StatusShards, type StatusObjects } from '../../src/status/shards.ts';
import { entryOf, hintFromEntry } from '../../src/status/hint.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { bad, good, node1, planA, play, row } from './samples.ts';

/** Objects in memory with the same merge-patch as a ConfigMap, refusing keys a ConfigMap refuses. */
class Objects implements StatusObjects {
  readonly data = new Map<string, Record<string, string>>();
  patches = 0;
  failure: Error | undefined;

  async read(name: string) {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    const data = this.data.get(name);
    return Promise.resolve(data === undefined ? undefined : { data });
  }

  async patch(name: string, patch: Readonly<Record<string, string | null>>) {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    this.patches += 1;
    const data = { ...this.data.get(name) };
    for (const [key, value] of Object.entries(patch)) {
      if (!/^[-._a-zA-Z0-9]{1,253}$/u.test(key)) throw new Error(`key ${key}`);
      if (value === null) Reflect.deleteProperty(data, key);
      else data[key] = value;
    }
    this.data.set(name, data);
    return Promise.resolve();
  }

  entries(): string[] {
    return [...this.data.values()].flatMap((data) => Object.keys(data));
  }
}

const context = { desired: planA, passEnded: true };
const flushMs = 30_000;
const manyNodes = (count: number): NodeId[] =>
  Array.from({ length: count }, (_, n) => nodeId('worker_nodes', `10.0.${n >> 8}.${n & 255}`));

function setUp(objects = new Objects(), shardNodes = 400) {
  const clock = new ManualClock();
  const ledger = new Ledger(clock);
  const shards = new StatusShards({
    ledger,
    objects,
    clock,
    log: silentLogger,
    prefix: 'sync-controller-status',
    flushMs,
    shardNodes,
  });
  return { clock, ledger, objects, shards };
}

describe('status objects', () => {
  it('hold one key per node and at most the set number of nodes each', async () => {
    const { ledger, objects, shards } = setUp(new Objects(), 10);
    for (const id of manyNodes(25)) ledger.record(good(id), context);
    await shards.flush();
    expect([...objects.data].map(([name, data]) => [name, Object.keys(data).length])).toEqual([
      ['sync-controller-status-0', 10],
      ['sync-controller-status-1', 10],
      ['sync-controller-status-2', 5],
    ]);
  });

  it('give back after a restart what was known, as hints', async () => {
    const first = setUp();
    first.ledger.record(bad('enospc'), context);
    await first.shards.flush();
    const second = setUp(first.objects);
    second.ledger.recall(await second.shards.load());
    expect(second.ledger.get(node1)).toMatchObject({
      state: 'pending_sync',
      cause: 'enospc',
      failedPasses: 1,
      desired: planA,
      bootId: 'boot-1',
      hint: true,
    });
  });

  it('keep a node in its object over restarts and fill gaps with new ones', async () => {
    const objects = new Objects();
    const first = setUp(objects, 2);
    const [a, b, c, d] = manyNodes(4) as [NodeId, NodeId, NodeId, NodeId];
    for (const id of [a, b, c]) first.ledger.record(good(id), context);
    await first.shards.flush();
    const second = setUp(objects, 2);
    second.ledger.record(good(c), context);
    second.ledger.record(good(d), context);
    second.ledger.forget(a);
    await second.shards.flush();
    expect(objects.entries().sort()).toEqual([a, b, c, d].map(keyOf).sort());
    expect(Object.keys(objects.data.get('sync-controller-status-1') ?? {}).sort()).toEqual(
      [c, d].map(keyOf).sort(),
    );
  });

  it('patch only what moved', async () => {
    const { ledger, objects, shards, clock } = setUp(new Objects(), 10);
    for (const id of manyNodes(25)) ledger.record(good(id), context);
    await shards.flush();
    objects.patches = 0;
    ledger.record(good(manyNodes(25)[24]), { ...context });
    await clock.advance(2 * flushMs);
    expect(objects.patches).toBe(1);
  });

  it('drop a node that was forgotten, and one that nobody knows any more', async () => {
    const objects = new Objects();
    const first = setUp(objects);
    const ids = manyNodes(3) as [NodeId, NodeId, NodeId];
    for (const id of ids) first.ledger.record(good(id), context);
    await first.shards.flush();
    const second = setUp(objects);
    await second.shards.load();
    second.ledger.recall([]);
    second.ledger.record(good(ids[1]), context);
    second.ledger.forget(ids[1]);
    second.shards.prune(new Map([[ids[0], row(ids[0])]]));
    await second.shards.flush();
    expect(objects.entries()).toEqual([keyOf(ids[0])]);
  });

  it('write nothing before the old ones were read, so that no node is in two objects', async () => {
    const objects = new Objects();
    const first = setUp(objects, 1);
    const [a, b] = manyNodes(2) as [NodeId, NodeId];
    first.ledger.record(good(a), context);
    first.ledger.record(good(b), context);
    await first.shards.flush();
    const second = setUp(objects, 1);
    objects.failure = new Error('503');
    second.ledger.record(good(b), context);
    await expect(second.shards.flush()).rejects.toThrow('503');
    objects.failure = undefined;
    await second.clock.advance(flushMs);
    expect(objects.entries().sort()).toEqual([keyOf(a), keyOf(b)].sort());
  });

  it('never write a hint back', async () => {
    const { ledger, shards, objects } = setUp();
    ledger.recallRows([row(node1, { status: 'active' })]);
    ledger.expect(node1, planA);
    await shards.flush();
    expect(objects.patches).toBe(0);
  });
});

describe('an entry', () => {
  it('tells everything but that it is a hint', () => {
    const status = play(good(), bad('io', { evidence: 'x'.repeat(500) }));
    expect(hintFromEntry(entryOf(status))).toEqual({ ...status, hint: true });
    expect(entryOf(status).length).toBeLessThan(800);
  });

  it.each([
    '',
    '{}',
    'null',
    '[]',
    '{"id":"x@y","state":"active","since":""}',
    '{"id":"vps_nodes@a","state":"gone","since":""}',
  ])('%j is not ours and is passed over', (json) => {
    expect(hintFromEntry(json)).toBeUndefined();
  });

  it('of a later version with an unknown class is a node that waits', () => {
    const json = JSON.stringify({ id: node1, state: 'error', cause: 'constructor', since: 's', later: true });
    expect(hintFromEntry(json)).toMatchObject({
      state: 'error',
      cause: 'waiting_retry',
      evidence: 'unverified since restart',
    });
  });

  it.each(Object.keys(causes) as CauseClass[])('%s survives the way there and back', (cause) => {
    const status = play(bad(cause));
    expect(hintFromEntry(entryOf(status))?.cause).toBe(status.cause);
  });

  it('has a key that a ConfigMap accepts, another for every address', () => {
    const ids = ['100.64.0.1', 'fe80::1', 'fe80::1%eth0', 'host-1.example.org'].map((address) =>
      nodeId('worker_nodes', address),
    );
    const keys = ids.map(keyOf);
    expect(keys.filter((key) => !/^[-._a-zA-Z0-9]+$/u.test(key))).toEqual([]);
    expect(new Set(keys).size).toBe(ids.length);
  });
});
