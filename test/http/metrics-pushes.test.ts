import { describe, expect, it, onTestFinished } from 'vitest';
import { digestOf } from '../../src/model/bundle.ts';
import type { CauseClass } from '../../src/model/cause.ts';
import { nodeId, type Node, type NodeId } from '../../src/model/node.ts';
import type { Outcome } from '../../src/model/outcome.ts';
import type { NodePlan } from '../../src/model/plan.ts';
import { silentLogger } from '../../src/lib/logger.ts';
import { pushOf } from '../../src/reconcile/history.ts';
import { Loop } from '../../src/reconcile/loop.ts';
import { Ledger } from '../../src/status/ledger.ts';
import { attempt, failure, revision, rig } from './metrics-rig.ts';

const change = 'sync_controller_change_to_verified_seconds';
const count = (course: string): string => `${change}_count{course="${course}"}`;
const sum = (course: string): string => `${change}_sum{course="${course}"}`;
const [a, b] = ['vps_nodes@a', 'vps_nodes@b'];

describe('the time from a change to its verification', () => {
  it('begins when the revision is in force and ends when the node is verified with what it wants', async () => {
    const { clock, history, samples } = rig();
    history.revision(revision('r1', { d1: [a, b] }));
    await clock.advance(5_000);
    history.revision(revision('r2', { d2: [a, b] }));
    await clock.advance(400);
    history.push(attempt(a, 'd2'));
    await clock.advance(1_600);
    history.push(attempt(b, 'd2'));
    const seen = await samples();
    expect(seen.get(count('straight'))).toBe(2);
    expect(seen.get(sum('straight'))).toBeCloseTo(2.4);
    expect(seen.get(`${change}_bucket{le="0.5",course="straight"}`)).toBe(1);
    expect(seen.get(`${change}_bucket{le="2",course="straight"}`)).toBe(2);
  });

  it('is not measured for what was in force at the start, nor for a node that the change leaves as it is', async () => {
    const { clock, history, samples } = rig();
    history.revision(revision('r1', { d1: [a], e1: [b] }));
    history.push(attempt(a, 'd1'));
    history.revision(revision('r2', { d2: [a], e1: [b] }));
    await clock.advance(100);
    history.push(attempt(b, 'e1'));
    const seen = await samples();
    expect(seen.get(count('straight'))).toBe(0);
    expect(seen.get('sync_controller_unverified_nodes{course="straight"}')).toBe(1);
    expect(seen.get('sync_controller_unverified_change_age_seconds{course="straight"}')).toBeCloseTo(0.1);
  });

  it('counts a node that is new, and forgets one that is gone', async () => {
    const { history, samples } = rig();
    history.revision(revision('r1', { d1: [a] }));
    history.revision(revision('r2', { d1: [a], e1: [b] }));
    expect((await samples()).get('sync_controller_unverified_nodes{course="straight"}')).toBe(1);
    history.revision(revision('r3', { d1: [a] }));
    expect((await samples()).get('sync_controller_unverified_nodes{course="straight"}')).toBe(0);
  });

  it('runs from the first of several changes, and a verification of an older plan does not end it', async () => {
    const { clock, history, samples } = rig();
    history.revision(revision('r1', { d1: [a] }));
    history.revision(revision('r2', { d2: [a] }));
    await clock.advance(1_000);
    history.revision(revision('r3', { d3: [a] }));
    history.push(attempt(a, 'd2'));
    expect((await samples()).get(count('straight'))).toBe(0);
    await clock.advance(1_000);
    history.push(attempt(a, 'd3'));
    expect((await samples()).get(sum('straight'))).toBeCloseTo(2);
  });

  it('ends where the registries go back to what the node has', async () => {
    const { clock, history, samples } = rig();
    history.revision(revision('r1', { d1: [a] }));
    history.revision(revision('r2', { d2: [a] }));
    history.revision(revision('r1', { d1: [a] }));
    await clock.advance(300);
    history.push(attempt(a, 'd1', { changed: false }));
    expect((await samples()).get(count('straight'))).toBe(1);
  });

  it.each([
    ['retried', [failure(a, 'io')]],
    ['away', [failure(a, 'timeout'), failure(a, 'io')]],
    ['held', [failure(a, 'paused', { attempted: false })]],
    ['away', [failure(a, 'frozen', { attempted: false }), failure(a, 'refused')]],
    ['held', [failure(a, 'io'), failure(a, 'frozen', { attempted: false })]],
  ])('is told apart where the change came %s', async (course, before) => {
    const { clock, history, samples } = rig();
    history.revision(revision('r1', { d1: [a] }));
    history.revision(revision('r2', { d2: [a] }));
    for (const push of before) history.push(push);
    await clock.advance(60_000);
    const waiting = await samples();
    expect(waiting.get(`sync_controller_unverified_nodes{course="${course}"}`)).toBe(1);
    expect(waiting.get(`sync_controller_unverified_change_age_seconds{course="${course}"}`)).toBe(60);
    history.push(attempt(a, 'd2'));
    const seen = await samples();
    expect(seen.get(sum(course))).toBe(60);
    expect(seen.get(count('straight'))).toBe(0);
    expect(seen.get(`sync_controller_unverified_change_age_seconds{course="${course}"}`)).toBe(0);
  });

  it('is that of a change held back for a node whose turn in the rollout has not come, also after one that was taken back', async () => {
    let holdsBack = true;
    const { history, samples } = rig({ ports: { isHeldBack: () => holdsBack } });
    history.revision(revision('r1', { d1: [a, b] }));
    history.revision(revision('r2', { d2: [a] }));
    holdsBack = false;
    history.revision(revision('r3', { d2: [a], e2: [b] }));
    history.push(failure(b, 'io'));
    holdsBack = true;
    history.push(attempt(b, 'e1'));
    const waiting = await samples();
    expect(waiting.get('sync_controller_unverified_nodes{course="held"}')).toBe(2);
    holdsBack = false;
    history.push(attempt(a, 'd2'));
    expect((await samples()).get(count('held'))).toBe(1);
  });
});

describe('an attempt', () => {
  it('is counted by why it was made and how it ended', async () => {
    const { history, samples } = rig();
    history.push(attempt(a, 'd'));
    history.push(attempt(a, 'd', { kind: 'look', changed: false }));
    history.push(attempt(a, 'd', { kind: 'look', changed: false }));
    history.push(failure(a, 'sudo', { kind: 'retry' }));
    history.push(failure(a, 'paused', { attempted: false, kind: 'push' }));
    const seen = await samples();
    const line = (trigger: string, result: string): string =>
      `sync_controller_push_attempts_total{trigger="${trigger}",result="${result}"}`;
    expect(seen.get(line('change', 'changed'))).toBe(1);
    expect(seen.get(line('look', 'unchanged'))).toBe(2);
    expect(seen.get(line('retry', 'failed'))).toBe(1);
    expect(seen.get(line('push', 'held'))).toBe(1);
    expect(seen.get('sync_controller_push_failures_total{cause="sudo"}')).toBe(1);
    // Nobody tried: it is no failure.
    expect(seen.get('sync_controller_push_failures_total{cause="paused"}')).toBe(0);
    expect(seen.get('sync_controller_push_duration_seconds_count{result="failed"}')).toBe(1);
  });

  it('is measured by phase; over a warm session nobody dials', async () => {
    const { history, samples } = rig();
    history.push(attempt(a, 'd'));
    history.push(attempt(a, 'd', { phases: { waitMs: 2, dialMs: 300, exchangeMs: 60, verifyMs: 1 } }));
    const seen = await samples();
    const phase = (name: string, what: string): string =>
      `sync_controller_push_phase_duration_seconds_${what}{phase="${name}"}`;
    expect(seen.get(phase('dial', 'count'))).toBe(1);
    expect(seen.get(phase('dial', 'sum'))).toBeCloseTo(0.3);
    expect(seen.get(phase('exchange', 'count'))).toBe(2);
    expect(seen.get('sync_controller_receiver_duration_seconds_sum')).toBeCloseTo(0.024);
  });

  it('adds no series for a word that nobody knows', async () => {
    const { history, samples } = rig();
    const before = (await samples()).size;
    for (const word of ['moon', 'constructor', '__proto__']) history.push(failure(a, word));
    const seen = await samples();
    expect(seen.get('sync_controller_push_failures_total{cause="other"}')).toBe(3);
    expect(seen.size).toBe(before + 1);
  });
});

describe('the observed history', () => {
  it('hears everything as before, and answers as before', async () => {
    const { history, told, samples } = rig();
    history.revision(revision('r1', { d: [a] }));
    history.revision(revision('r1', { d: [a] }));
    history.revision(revision('r2', { d: [a] }));
    history.push(attempt(a, 'd'));
    expect(told).toEqual(['r1', 'r1', 'r2', a]);
    expect([history.revisionNumber('x'), history.digestOf('latest')]).toEqual([4, 'digest']);
    await history.close();
    expect((await samples()).get('sync_controller_revisions_total')).toBe(1);
  });

  it('loses no push where the counting fails, and says so', () => {
    const warned: string[] = [];
    const { history, told } = rig({ onWarn: (message) => warned.push(message) });
    history.push({ ...attempt(a, 'd'), totalMs: NaN });
    expect(told).toEqual([a]);
    expect(warned).toEqual(['the metrics miss an event']);
  });

  it('measures what the real loop pushes: a retry after a failure, then a node that verifies', async () => {
    const { clock, history, samples } = rig();
    const id = nodeId('worker_nodes', '10.0.0.1');
    const plan = planFor(id);
    let attempts = 0;
    const loop = new Loop({
      reconciler: {
        attempt: async () => {
          attempts += 1;
          await clock.sleep(500);
          return attempts === 1 ? bad(id, 'no_receipt') : good(id);
        },
      },
      status: new Ledger(clock),
      planOf: () => plan,
      holdback: () => undefined,
      onOutcome: () => Promise.resolve('record'),
      onAbsent: () => undefined,
      onRecorded: (made) => {
        history.push(pushOf(made, { epoch: 1, writer: 'w' }));
      },
      clock,
      random: { unit: () => 0.5, hex: () => '00' },
      log: silentLogger,
      settings: {
        attempts: 3,
        delayMs: 5_000,
        factor: 2,
        parallel: 4,
        deadlineMs: 1_000,
        loadMs: 1_000,
        maxDelayMs: 900_000,
      },
    });
    const stop = new AbortController();
    onTestFinished(() => {
      stop.abort();
    });
    void loop.run(stop.signal);
    history.revision(revision('r1', { old: [id] }));
    history.revision(revision('r2', { [digest]: [id] }));
    loop.queue.add(id, 'change');
    await clock.advance(7_000);
    const seen = await samples();
    expect(seen.get(count('retried'))).toBe(1);
    expect(seen.get(sum('retried'))).toBeCloseTo(6);
    expect(seen.get('sync_controller_push_failures_total{cause="no_receipt"}')).toBe(1);
    expect(seen.get('sync_controller_push_duration_seconds_sum{result="changed"}')).toBeCloseTo(0.5);
  });
});

const digest = digestOf('x');

function good(id: NodeId): Outcome {
  return {
    ok: true,
    id,
    changed: true,
    installed: digest,
    rungs: ['digest'],
    notes: [],
    facts: { receiver: '1.0.0', boot: 'b', clock: 0, hostname: 'h', path: '/etc/hosts' },
  };
}

function bad(id: NodeId, cause: CauseClass): Outcome {
  return { ok: false, id, cause, evidence: 'seen', reachable: true, facts: undefined };
}

function planFor(id: NodeId): NodePlan {
  const node: Node = {
    id,
    type: 'worker_nodes',
    address: id,
    name: id,
    sshUser: 'node',
    sshPort: undefined,
    hostKeys: [],
    labels: {},
    publicDomain: undefined,
    repoPath: undefined,
    recorded: { status: undefined, lastSync: undefined, lastAttempt: undefined, lastError: undefined },
  };
  const expectation = { kind: 'hosts', names: [] } as const;
  return { id, node, bundles: [{ kind: 'hosts', bytes: 'x', digest, names: [], expectation }] };
}
