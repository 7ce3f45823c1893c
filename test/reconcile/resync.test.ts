import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import { silentLogger } from '../../src/lib/logger.ts';
import { digestOf } from '../../src/model/bundle.ts';
import { nodeId, type Node } from '../../src/model/node.ts';
import type { NodePlan } from '../../src/model/plan.ts';
import { Loop } from '../../src/reconcile/loop.ts';
import { resync } from '../../src/reconcile/resync.ts';
import { Ledger } from '../../src/status/ledger.ts';
import { ManualClock } from '../support/manual-clock.ts';

const stops: AbortController[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop.abort();
});

function untilStopped(): AbortController {
  const stop = new AbortController();
  stops.push(stop);
  return stop;
}

const random = { unit: () => 0.5, hex: () => '00' };
const hour = 3_600_000;
const ignored = (): void => undefined;

describe('the hourly reconciliation', () => {
  it('comes due once a period until it is stopped', async () => {
    const clock = new ManualClock();
    const stop = untilStopped();
    const due: number[] = [];
    const ended = resync(
      { periodHours: 5, cron: undefined, jitterPercent: 0 },
      { clock, random, onDue: () => due.push(clock.monotonic()), onFailure: ignored },
      stop.signal,
    );
    await clock.advance(16 * hour);
    expect(due).toEqual([5 * hour, 10 * hour, 15 * hour]);
    stop.abort();
    await ended;
    await clock.advance(10 * hour);
    expect(due).toHaveLength(3);
  });

  it('comes due again after a pass that could not even start, and tells why', async () => {
    const clock = new ManualClock();
    const stop = untilStopped();
    const told: unknown[] = [];
    const onDue = (): void => {
      throw new Error('no registry');
    };
    const parts = { clock, random, onDue, onFailure: (error: unknown) => told.push(error) };
    void resync({ periodHours: 5, cron: undefined, jitterPercent: 0 }, parts, stop.signal);
    await clock.advance(11 * hour);
    expect(told.map(String)).toEqual(['Error: no registry', 'Error: no registry']);
  });

  it('follows a cron line', async () => {
    const stop = untilStopped();
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const everySecond = { periodHours: 1, cron: '* * * * * *', jitterPercent: 0 };
    const ended = resync(
      everySecond,
      {
        clock: systemClock,
        random,
        onDue: () => {
          resolve(undefined);
        },
        onFailure: ignored,
      },
      stop.signal,
    );
    await promise;
    stop.abort();
    await ended;
  });

  it('B5: looks at every node again in the next period, although the looks of this one failed in a way nobody foresaw', async () => {
    const clock = new ManualClock();
    const stop = untilStopped();
    const plan = planOfNode();
    const looks: number[] = [];
    const loop = new Loop({
      reconciler: {
        attempt: () => {
          looks.push(clock.monotonic());
          return Promise.reject(new Error('the API server hung up'));
        },
      },
      status: new Ledger(clock),
      planOf: () => plan,
      holdback: () => undefined,
      onOutcome: () => Promise.resolve('record'),
      onAbsent: () => undefined,
      clock,
      random,
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
    void loop.run(stop.signal);
    void resync(
      { periodHours: 5, cron: undefined, jitterPercent: 0 },
      {
        clock,
        random,
        onDue: () => {
          loop.queue.add(plan.id, 'look');
        },
        onFailure: ignored,
      },
      stop.signal,
    );
    await clock.advance(16 * hour);
    expect(looks).toEqual([5 * hour, 10 * hour, 15 * hour]);
  });
});

function planOfNode(): NodePlan {
  const id = nodeId('worker_nodes', '10.0.0.1');
  const node: Node = {
    id,
    type: 'worker_nodes',
    address: '10.0.0.1',
    name: 'worker',
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
    bundles: [
      {
        kind: 'hosts',
        bytes: 'x',
        digest: digestOf('x'),
        names: [],
        expectation: { kind: 'hosts', names: [] },
      },
    ],
  };
}
