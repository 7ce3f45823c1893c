import { afterEach, describe, expect, it } from 'vitest';
import { digestOf } from '../../src/model/bundle.ts';
import type { CauseClass } from '../../src/model/cause.ts';
import { nodeId, type Node } from '../../src/model/node.ts';
import type { Outcome } from '../../src/model/outcome.ts';
import type { NodePlan } from '../../src/model/plan.ts';
import { silentLogger } from '../../src/lib/logger.ts';
import { planFleet } from '../../src/plan/plan-fleet.ts';
import { pushOf, seenRevision, type Attempt } from '../../src/reconcile/history.ts';
import { Loop } from '../../src/reconcile/loop.ts';
import { objectsOf } from '../../src/registry/objects-of.ts';
import { parseRegistries } from '../../src/registry/parse.ts';
import { Ledger } from '../../src/status/ledger.ts';
import { ManualClock } from '../support/manual-clock.ts';

const id = nodeId('worker_nodes', '10.0.0.1');
const digest = digestOf('x');
const node = {
  id,
  type: 'worker_nodes',
  address: '10.0.0.1',
  name: 'w',
  sshUser: 'node',
  hostKeys: [],
} as never as Node;
const plan: NodePlan = {
  id,
  node,
  revision: 'snapshot-1',
  bundles: [{ kind: 'hosts', bytes: 'x', digest, names: [], expectation: { kind: 'hosts', names: [] } }],
};
const timings = { waitMs: 1, dialMs: 2, exchangeMs: 3, verifyMs: 4 };
const facts = { receiver: '1.0.0', boot: 'b', clock: 0, hostname: 'h', path: '/etc/hosts' };
const good: Outcome = {
  ok: true,
  id,
  changed: true,
  installed: digest,
  rungs: ['digest'],
  notes: [],
  facts,
  timings,
};
const bad = (cause: CauseClass): Outcome => ({
  ok: false,
  id,
  cause,
  evidence: 'seen',
  reachable: true,
  facts: undefined,
});

const stops: AbortController[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop.abort();
});

function rig(outcomes: Outcome[], held?: CauseClass) {
  const clock = new ManualClock();
  const attempts: Attempt[] = [];
  const loop = new Loop({
    reconciler: {
      attempt: async () => {
        await clock.sleep(40);
        return outcomes.shift() ?? good;
      },
    },
    status: new Ledger(clock),
    planOf: () => plan,
    holdback: () => (held === undefined ? undefined : { cause: held, evidence: 'by ada' }),
    onOutcome: () => Promise.resolve('record'),
    onAbsent: () => undefined,
    onRecorded: (attempt) => attempts.push(attempt),
    clock,
    random: { unit: () => 0.5, hex: () => '00' },
    log: silentLogger,
    settings: {
      attempts: 3,
      delayMs: 1_000,
      factor: 2,
      parallel: 4,
      deadlineMs: 1_000,
      loadMs: 1_000,
      maxDelayMs: 900_000,
    },
  });
  const stop = new AbortController();
  stops.push(stop);
  void loop.run(stop.signal);
  return { clock, loop, attempts };
}

describe('what the loop tells the history', () => {
  it('is every recorded outcome, with its number, its time, and who asked for it, as long as the pass lasts', async () => {
    const { clock, loop, attempts } = rig([bad('no_receipt'), bad('no_receipt')]);
    const actor = { who: 'ada', reason: 'now' };
    void loop.push(id, { takeOver: false, actor });
    await clock.advance(60_000);
    loop.queue.add(id, 'look');
    await clock.advance(1_000);
    expect(
      attempts.map((one) => [one.kind, one.attempt, one.outcome.ok, one.actor?.who, one.totalMs]),
    ).toEqual([
      ['push', 1, false, 'ada', 40],
      ['retry', 2, false, 'ada', 40],
      ['retry', 3, true, 'ada', 40],
      ['look', 1, true, undefined, 40],
    ]);
    expect(attempts[2]?.status?.state).toBe('active');
  });

  it('says what was held back before the node was asked', async () => {
    const { clock, loop, attempts } = rig([], 'paused');
    loop.queue.add(id, 'change');
    await clock.advance(10);
    expect(attempts[0]).toMatchObject({ attempted: false, outcome: { cause: 'paused', evidence: 'by ada' } });
  });
});

describe('a row of the history', () => {
  const attempt: Attempt = {
    plan,
    outcome: good,
    status: undefined,
    kind: 'push',
    attempted: true,
    attempt: 2,
    startedMs: Date.UTC(2026, 0, 1),
    totalMs: 41.6,
    actor: { who: 'ada', reason: undefined },
  };

  it('names the revision whose plan was pushed, the term and the phases', () => {
    expect(pushOf(attempt, { epoch: 7, writer: 'w' })).toMatchObject({
      node: id,
      digest: 'snapshot-1',
      epoch: 7,
      started: '2026-01-01T00:00:00Z',
      totalMs: 42,
      phases: timings,
      desired: digest,
      installed: digest,
      who: 'ada',
      why: null,
    });
  });

  it('has of a failure the cause, and what stands on the node where a receipt said so', () => {
    const receipt = {
      mode: 'apply',
      result: 'RESTORED',
      epoch: 7,
      seq: 3,
      before: 'a',
      after: 'b',
      receiverMs: 1,
    };
    expect(pushOf({ ...attempt, outcome: { ...bad('restored'), receipt } }, undefined)).toMatchObject({
      ok: false,
      changed: false,
      cause: 'restored',
      evidence: 'seen',
      installed: 'b',
      epoch: null,
      phases: { waitMs: 0, dialMs: 0, exchangeMs: 0, verifyMs: 0 },
    });
  });
});

describe('a revision as the history files it', () => {
  it('has the texts that are ours, versions and editors, and the nodes by what they should hold', () => {
    const texts = {
      'cluster-info/cluster-domain': 'home',
      'service-registry/services.json': '{"a":{"subdomain":"a","ip":"100.64.1.1","port":80,"public":false}}',
      'sync-controller-registry/registry.json':
        '{"worker_nodes":[{"ip":"10.0.0.1","name":"a","ssh_user":"u"},{"ip":"10.0.0.2","name":"b","ssh_user":"u"}]}',
    };
    const objects = new Map(
      [...objectsOf(texts)].map(([name, raw]) => [
        name,
        {
          ...raw,
          uid: 'u',
          resourceVersion: '9',
          data: { ...raw.data, theirs: 'x' },
          editors: { theirs: 'helm' },
        },
      ]),
    );
    const snapshot = parseRegistries(objects, undefined);
    const plans = planFleet(snapshot, 'sc-0123456789abcdef', []);
    const seen = seenRevision(snapshot, { objects, plan: plans, source: 'test', atMs: Date.UTC(2026, 0, 1) });
    expect(seen).toMatchObject({ digest: snapshot.digest, at: '2026-01-01T00:00:00Z', texts });
    expect(Object.keys(seen.texts)).toHaveLength(3);
    expect(seen.objects[0]).toMatchObject({ resourceVersion: '9', editors: { theirs: 'helm' } });
    expect(Object.values(seen.plans)).toEqual([['worker_nodes@10.0.0.1', 'worker_nodes@10.0.0.2']]);
    expect([...plans.nodes.values()].every(({ revision }) => revision === snapshot.digest)).toBe(true);
  });
});
