import { afterEach, describe, expect, it } from 'vitest';
import type { CauseClass } from '../../src/model/cause.ts';
import { digestOf } from '../../src/model/bundle.ts';
import { nodeId, type Node, type NodeId } from '../../src/model/node.ts';
import type { Outcome } from '../../src/model/outcome.ts';
import type { NodePlan } from '../../src/model/plan.ts';
import { silentLogger } from '../../src/lib/logger.ts';
import type { Approach } from '../../src/push/context.ts';
import { Loop } from '../../src/reconcile/loop.ts';
import type { Wish } from '../../src/reconcile/ports.ts';
import type { Judgement } from '../../src/reconcile/standing.ts';
import { Ledger } from '../../src/status/ledger.ts';
import { ManualClock } from '../support/manual-clock.ts';

const a = nodeId('worker_nodes', '10.0.0.1');
const b = nodeId('worker_nodes', '10.0.0.2');
const digest = digestOf('x');
const good = (id: NodeId): Outcome => ({
  ok: true,
  id,
  changed: true,
  installed: digest,
  rungs: ['digest'],
  notes: [],
  facts: { receiver: '1.0.0', boot: 'b', clock: 0, hostname: 'h', path: '/etc/hosts' },
});
const bad = (id: NodeId, cause: CauseClass, reachable = true): Outcome => ({
  ok: false,
  id,
  cause,
  evidence: 'seen',
  reachable,
  facts: undefined,
});

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
  return {
    id,
    node,
    bundles: [{ kind: 'hosts', bytes: 'x', digest, names: [], expectation: { kind: 'hosts', names: [] } }],
  };
}

const stops: AbortController[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop.abort();
});

/** A loop whose nodes answer from a script; the last answer repeats. */
function rig(
  script: (id: NodeId, attempt: number, approach: Approach) => Outcome | Promise<Outcome>,
  judge: (outcome: Outcome) => Judgement = () => 'record',
) {
  const clock = new ManualClock();
  const attempts = new Map<NodeId, number>();
  const calls: string[] = [];
  const wishes: Wish[] = [];
  const absent: NodeId[] = [];
  const ledger = new Ledger(clock);
  let held: CauseClass | undefined;
  const loop = new Loop({
    reconciler: {
      attempt: async (plan, approach, wish) => {
        wishes.push(wish);
        const n = (attempts.get(plan.id) ?? 0) + 1;
        attempts.set(plan.id, n);
        calls.push(`${plan.id} ${approach} ${String(clock.monotonic())}`);
        return script(plan.id, n, approach);
      },
    },
    status: ledger,
    planOf: (id) => (id === a || id === b ? planFor(id) : undefined),
    holdback: () => (held === undefined ? undefined : { cause: held, evidence: '' }),
    onOutcome: (_plan, outcome) => Promise.resolve(judge(outcome)),
    onAbsent: (id) => absent.push(id),
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
  stops.push(stop);
  void loop.run(stop.signal);
  return {
    clock,
    loop,
    calls,
    wishes,
    absent,
    ledger,
    hold: (cause: CauseClass | undefined) => {
      held = cause;
    },
  };
}

describe('Loop', () => {
  it('makes three attempts 5 s and 10 s apart; the later ones look before they write', async () => {
    const { clock, loop, calls } = rig((id) => bad(id, 'no_receipt'));
    const settled = loop.push(a, { takeOver: false });
    await clock.advance(15_000);
    expect((await settled).outcome).toMatchObject({ cause: 'no_receipt' });
    expect(calls).toEqual([`${a} apply 0`, `${a} check 5000`, `${a} check 15000`]);
  });

  it('B9: tries a failed node again soon instead of an hour later, and reports error after the second failed pass', async () => {
    const { clock, ledger, loop, calls } = rig((id, n) => (n <= 6 ? bad(id, 'io') : good(id)));
    loop.queue.add(a, 'change');
    await clock.advance(15_000);
    expect(ledger.get(a)?.state).toBe('pending_sync');
    await clock.advance(20_000 + 15_000);
    expect(ledger.get(a)?.state).toBe('error');
    await clock.advance(40_000);
    expect(ledger.get(a)?.state).toBe('active');
    expect(calls).toHaveLength(7);
  });

  it('hands an offline node to the presence probe after one attempt', async () => {
    const { clock, loop, absent, ledger, calls } = rig((id) => bad(id, 'timeout', false));
    loop.queue.add(a, 'change');
    await clock.advance(60_000);
    expect(absent).toEqual([a]);
    expect(calls).toHaveLength(1);
    expect(ledger.get(a)).toMatchObject({ state: 'pending_sync', cause: 'timeout' });
  });

  it('does not let a hanging node delay another', async () => {
    const never = Promise.withResolvers<Outcome>();
    const { clock, loop, ledger } = rig((id) => (id === a ? never.promise : good(id)));
    loop.queue.add(a, 'change');
    loop.queue.add(b, 'change');
    await clock.advance(1);
    expect(ledger.get(b)?.state).toBe('active');
    never.resolve(good(a));
  });

  it('settles a push that came during an attempt only by the attempt after it', async () => {
    const first = Promise.withResolvers<Outcome>();
    const { clock, loop, calls } = rig((id, n) => (n === 1 ? first.promise : good(id)));
    loop.queue.add(a, 'change');
    await clock.advance(1);
    let done = false;
    const settled = loop.push(a, { takeOver: false }).then((value) => {
      done = true;
      return value;
    });
    await clock.advance(1);
    expect(done).toBe(false);
    first.resolve(good(a));
    await clock.advance(1);
    expect((await settled).outcome.ok).toBe(true);
    expect(calls).toHaveLength(2);
  });

  it('keeps what is asked for during an attempt for the next one, and does not do it twice', async () => {
    const first = Promise.withResolvers<Outcome>();
    const { clock, loop, wishes } = rig((id, n) => (n === 1 ? first.promise : good(id)));
    loop.queue.add(a, 'change');
    await clock.advance(1);
    const looks = loop.push(a, { takeOver: false, look: true });
    first.resolve(good(a));
    await clock.advance(1);
    await looks;
    loop.queue.add(a, 'change');
    await clock.advance(1);
    expect(wishes.map(({ look }) => look === true)).toEqual([false, true, false]);
  });

  it('serves two who ask for the same attempt: what either allows is allowed, and it only looks if both do', async () => {
    const { clock, loop, wishes } = rig((id) => good(id));
    const both = [
      loop.push(a, { takeOver: true, base: digest }),
      loop.push(a, { takeOver: false, look: true }),
    ];
    await clock.advance(1);
    expect((await Promise.all(both)).map(({ outcome }) => outcome.ok)).toEqual([true, true]);
    expect(wishes).toMatchObject([{ takeOver: true, look: false, base: digest }]);
  });

  it('allows a take-over in the first attempt alone, and secures the change in all of them', async () => {
    const { clock, loop, wishes } = rig((id) => bad(id, 'io'));
    const settled = loop.push(a, { takeOver: true, confirmSeconds: 30 });
    await clock.advance(15_000);
    await settled;
    expect(wishes.map(({ takeOver, confirmSeconds }) => [takeOver, confirmSeconds])).toEqual([
      [true, 30],
      [false, 30],
      [false, 30],
    ]);
  });

  it('tells who waits for a node that leaves the registry', async () => {
    const { loop } = rig((id) => good(id));
    const settled = loop.push(a, { takeOver: false });
    loop.forget(a);
    expect((await settled).outcome).toMatchObject({ ok: false, cause: 'no_plan' });
  });

  it('asks a node again at once when its fence made a new term necessary, and writes, not looks', async () => {
    const { clock, loop, calls } = rig(
      (id, n) => (n === 1 ? bad(id, 'fenced') : good(id)),
      (outcome) => (outcome.ok ? 'record' : 'again'),
    );
    const settled = loop.push(a, { takeOver: false });
    await clock.advance(1);
    expect((await settled).outcome.ok).toBe(true);
    expect(calls.map((call) => call.split(' ')[1])).toEqual(['apply', 'apply']);
  });

  it('touches no node while pushing is held back, and keeps what was verified', async () => {
    const { clock, loop, calls, ledger, hold } = rig((id) => good(id));
    loop.queue.add(a, 'change');
    await clock.advance(1);
    hold('paused');
    loop.queue.add(a, 'change');
    await clock.advance(60_000);
    expect(calls).toHaveLength(1);
    expect(ledger.get(a)?.state).toBe('active');
  });

  it('writes with the first attempt that is made, however often it was held back before', async () => {
    const { clock, loop, calls, hold } = rig((id) => good(id));
    hold('waiting_retry');
    loop.queue.add(a, 'change');
    await clock.advance(30_000);
    expect(calls).toEqual([]);
    hold(undefined);
    loop.queue.add(a, 'change');
    await clock.advance(1);
    expect(calls.map((call) => call.split(' ')[1])).toEqual(['apply']);
  });

  it('gives a node all attempts of its first pass, however long pushing was held back before', async () => {
    const { clock, loop, calls, ledger, hold } = rig((id) => bad(id, 'io'));
    hold('waiting_retry');
    loop.queue.add(a, 'change');
    await clock.advance(600_000);
    expect([calls, ledger.get(a)?.failedPasses]).toEqual([[], 0]);
    hold(undefined);
    loop.queue.add(a, 'change');
    const from = clock.monotonic();
    await clock.advance(15_000);
    expect(calls.map((call) => Number(call.split(' ')[2]) - from)).toEqual([0, 5_000, 15_000]);
    expect(ledger.get(a)).toMatchObject({ state: 'pending_sync', failedPasses: 1 });
    // Nor is the next pass put off for longer than after any first one.
    await clock.advance(20_000);
    expect(calls).toHaveLength(4);
  });

  it('writes, not looks, after an attempt of which the node has heard nothing', async () => {
    const unheard = { waitMs: 0, dialMs: 9, exchangeMs: 0, verifyMs: 0 };
    const { clock, loop, calls } = rig((id, attempt) =>
      attempt === 1 ? { ...bad(id, 'throttled'), timings: unheard } : good(id),
    );
    loop.queue.add(a, 'change');
    await clock.advance(5_000);
    expect(calls.map((call) => call.split(' ')[1])).toEqual(['apply', 'apply']);
  });

  it('does not count the wait for the next term as a failed pass', async () => {
    let judgement: Judgement = 'later';
    const { clock, loop, calls } = rig(
      (id) => bad(id, judgement === 'later' ? 'fenced' : 'io'),
      () => judgement,
    );
    loop.queue.add(a, 'change');
    await clock.advance(600_000);
    judgement = 'record';
    loop.queue.add(a, 'change');
    const [from, before] = [clock.monotonic(), calls.length];
    await clock.advance(1_200_000);
    const made = calls.slice(before, before + 4).map((call) => Number(call.split(' ')[2]) - from);
    expect(made.slice(0, 3)).toEqual([0, 5_000, 15_000]);
    expect((made[3] ?? Infinity) - 15_000).toBeLessThanOrEqual(24_000);
  });

  it('gives a push by hand a pass of its own, also where it comes during an attempt', async () => {
    const first = Promise.withResolvers<Outcome>();
    const { clock, loop, calls } = rig((id, attempt) => (attempt === 1 ? first.promise : bad(id, 'io')));
    loop.queue.add(a, 'change');
    await clock.advance(1);
    void loop.push(a, { takeOver: false });
    first.resolve(bad(a, 'io'));
    await clock.advance(15_000);
    expect(calls.map((call) => call.split(' ')[1])).toEqual(['apply', 'apply', 'check', 'check']);
  });

  it('answers a push of a node without a plan instead of waiting for ever', async () => {
    const { clock, loop } = rig((id) => good(id));
    const settled = loop.push(nodeId('worker_nodes', '10.9.9.9'), { takeOver: false });
    await clock.advance(1);
    expect((await settled).outcome).toMatchObject({ ok: false, cause: 'no_plan' });
  });
});
