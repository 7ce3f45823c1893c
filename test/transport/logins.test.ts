import { describe, expect, it } from 'vitest';
import type { Clock } from '../../src/lib/clock.ts';
import { nodeId } from '../../src/model/node.ts';
import { longestDropMs } from '../../src/transport/login-record.ts';
import { Logins } from '../../src/transport/logins.ts';
import type { Endpoint } from '../../src/transport/transport.ts';
import { TransportFailure } from '../../src/transport/transport.ts';

/** A clock that moves only when told: sleepers wake in the order of their times. */
function handClock(): Clock & { advance(ms: number): Promise<void> } {
  let now = 1_000;
  const sleepers = new Set<{ readonly at: number; readonly wake: () => void }>();
  return {
    now: () => now,
    monotonic: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const sleeper = { at: now + ms, wake: resolve };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', () => {
          sleepers.delete(sleeper);
          reject(signal.reason as Error);
        });
      }),
    advance: async (ms) => {
      const end = now + ms;
      for (;;) {
        for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
        const [next] = [...sleepers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
        if (next === undefined) break;
        sleepers.delete(next);
        now = Math.max(now, next.at);
        next.wake();
      }
      now = end;
    },
  };
}

const limits = {
  ...{ loginBurst: 3, loginRefillMs: 2_000, throttleMs: 2_000 },
  ...{ authRetryMs: 60_000, readyMs: 10_000 },
};
const never = new AbortController().signal;
const half = { unit: () => 0.5, hex: () => '' };

function endpointAt(host: string, changes: Partial<Endpoint> = {}): Endpoint {
  return {
    ...{ id: nodeId('worker_nodes', host), host, port: 22, user: 'node', identities: [] },
    ...{ agentSocket: undefined, pins: [], jumps: [], proxyCommand: undefined },
    ...changes,
  };
}

const failure = (cause: TransportFailure['causeClass'], reached: boolean): TransportFailure =>
  new TransportFailure(cause, 'said so', reached);

/** Begins logins and notes the moments at which they are let through. */
function scene() {
  const clock = handClock();
  const logins = new Logins(limits, clock, half);
  const seen: number[] = [];
  const arrive = (endpoint: Endpoint, signal: AbortSignal = never) => {
    const visit = logins.visit(endpoint, false);
    const entered = visit.enter(signal).then(() => seen.push(clock.monotonic() - 1_000));
    entered.catch(() => undefined);
    return { visit, entered };
  };
  return { clock, logins, seen, arrive };
}

describe('logins at one host', () => {
  it('are let through at once up to the burst, then one by one', async () => {
    const { clock, seen, arrive } = scene();
    for (let count = 0; count < 6; count += 1) arrive(endpointAt('a'));
    await clock.advance(0);
    expect(seen).toEqual([0, 0, 0]);
    await clock.advance(10_000);
    expect(seen).toEqual([0, 0, 0, 2_000, 4_000, 6_000]);
  });

  it('do not wait for those at another host, another port, or behind a jump host', async () => {
    const { clock, seen, arrive } = scene();
    for (let count = 0; count < 5; count += 1) arrive(endpointAt('a'));
    arrive(endpointAt('b'));
    arrive(endpointAt('a', { port: 23 }));
    arrive(endpointAt('a', { jumps: [endpointAt('j')] }));
    await clock.advance(0);
    expect(seen).toHaveLength(6);
  });

  it('of several users and keys share the bucket of their sshd', async () => {
    const { clock, seen, arrive } = scene();
    for (const user of ['a', 'b', 'c', 'd']) arrive(endpointAt('a', { user }));
    await clock.advance(0);
    expect(seen).toHaveLength(3);
  });

  it('give their place to the next when nobody waits for them any more', async () => {
    const { clock, logins, seen, arrive } = scene();
    for (let count = 0; count < 3; count += 1) arrive(endpointAt('a'));
    await clock.advance(0);
    const gone = new AbortController();
    const waiting = arrive(endpointAt('a'), gone.signal);
    await clock.advance(0);
    expect(logins.isWaiting(endpointAt('a'))).toBe(true);
    gone.abort(new Error('gave up'));
    await expect(waiting.entered).rejects.toThrow('gave up');
    expect(logins.isWaiting(endpointAt('a'))).toBe(false);
    arrive(endpointAt('a'));
    await clock.advance(2_000);
    expect(seen).toEqual([0, 0, 0, 2_000]);
  });

  it('that the host saw nothing of cost nothing', async () => {
    const { clock, seen, arrive } = scene();
    for (let count = 0; count < 9; count += 1) {
      const { visit, entered } = arrive(endpointAt('a'));
      await entered;
      visit.failed(failure('refused', false));
    }
    await clock.advance(0);
    expect(seen).toHaveLength(9);
  });

  it('through a host that is only passed cost nothing there once they are made', async () => {
    const { clock, seen, arrive } = scene();
    for (let count = 0; count < 9; count += 1) {
      const { visit, entered } = arrive(endpointAt('a'));
      await entered;
      visit.succeeded(false);
    }
    await clock.advance(0);
    expect(seen).toHaveLength(9);
  });

  it('that would come too late are told so at once, as throttled and with the reason', async () => {
    const { clock, logins, arrive } = scene();
    for (let count = 0; count < 5; count += 1) arrive(endpointAt('a'));
    await clock.advance(0);
    expect(logins.tooLate(endpointAt('a'), 30_000)).toBeUndefined();
    expect(logins.tooLate(endpointAt('b', { jumps: [endpointAt('a')] }), 5_000)).toMatchObject({
      causeClass: 'throttled',
      reached: false,
      started: false,
      message: 'a: too many logins of ours just now, the next one in 6 s (ssh.loginBurst, ssh.loginRefillMs)',
    });
  });

  it('are forgotten with their host once nothing is left to know', async () => {
    const { clock, logins, arrive } = scene();
    for (let host = 0; host < 50; host += 1) {
      const { visit, entered } = arrive(endpointAt(`host-${String(host)}`));
      await entered;
      if (host === 0) visit.failed(failure('auth', true));
      else if (host === 1) visit.failed(failure('throttled', true));
      else visit.succeeded();
    }
    expect(logins.size).toBe(50);
    await clock.advance(10_000);
    expect(logins.size).toBe(2);
    await clock.advance(longestDropMs);
    expect(logins.size).toBe(1);
    await clock.advance(2 * 3_000_000);
    expect(logins.size).toBe(0);
  });
});

describe('a host that closes before its banner', () => {
  it('is left alone twice as long each time, up to more than any penalty lasts', async () => {
    const { clock, seen, arrive } = scene();
    for (let round = 0; round < 12; round += 1) {
      const { visit, entered } = arrive(endpointAt('a'));
      await clock.advance(3_600_000);
      await entered;
      visit.failed(failure('throttled', true));
    }
    const waits = seen.slice(1).map((at, round) => at - 3_600_000 * (round + 1));
    expect(waits.slice(0, 4)).toEqual([2_100, 4_200, 8_400, 16_800]);
    expect(waits.at(-1)).toBe(longestDropMs * 1.05);
  });

  it('is asked by one at a time; all others go on when that one was answered', async () => {
    const { clock, seen, arrive } = scene();
    const first = arrive(endpointAt('a'));
    await first.entered;
    first.visit.failed(failure('throttled', true));
    const [probe] = [1, 2, 3].map(() => arrive(endpointAt('a')));
    await clock.advance(20_000);
    expect(seen).toEqual([0, 2_100]);
    probe?.visit.succeeded();
    await clock.advance(0);
    expect(seen).toHaveLength(4);
  });

  it('is asked again in the same exchange until the third time, where there is time for it', async () => {
    const { logins, arrive } = scene();
    const verdicts: boolean[] = [];
    for (let round = 0; round < 3; round += 1) {
      const gone = new AbortController();
      const { visit, entered } = arrive(endpointAt('a'), gone.signal);
      if (round === 0) await entered;
      if (round === 0) visit.failed(failure('throttled', true));
      verdicts.push(logins.again(endpointAt('a'), round === 1 ? 1_000 : 30_000));
      gone.abort(new Error('over'));
    }
    expect(verdicts).toEqual([true, false, true]);
    expect(logins.again(endpointAt('b'), 30_000)).toBe(false);
  });

  it('does not learn to wait longer from us: a penalty that grows with every knock is outwaited', async () => {
    const { clock, arrive } = scene();
    // Each connection during the penalty adds as much again; sshd itself adds only for offences.
    const penaltyMs = 15_000;
    let lockedUntil = clock.monotonic() + penaltyMs;
    let knocks = 0;
    for (let isIn = false; !isIn && knocks < 20; knocks += 1) {
      const { visit, entered } = arrive(endpointAt('a'));
      let at: number | undefined;
      const arrived = (): number | undefined => at;
      void entered.then(() => (at = clock.monotonic()));
      while (arrived() === undefined) await clock.advance(100);
      isIn = clock.monotonic() >= lockedUntil;
      if (isIn) visit.succeeded();
      else visit.failed(failure('throttled', true));
      if (!isIn) lockedUntil += penaltyMs;
    }
    expect(knocks).toBeLessThan(10);
  });
});

describe('keys that a host refused', () => {
  const refuse = async (endpoint: Endpoint, tools: ReturnType<typeof scene>): Promise<void> => {
    const { visit, entered } = tools.arrive(endpoint);
    await entered;
    visit.failed(failure('auth', true));
  };

  it('are not tried again there for a while, and the reason is told', async () => {
    const tools = scene();
    await refuse(endpointAt('a'), tools);
    await expect(tools.arrive(endpointAt('a')).entered).rejects.toMatchObject({
      causeClass: 'auth',
      reached: true,
      message: 'said so; not tried again for 60 s unless a key changes or somebody pushes',
    });
    await tools.clock.advance(60_000);
    await tools.arrive(endpointAt('a')).entered;
  });

  it('are left at home twice as long after the next refusal, and not at all after a welcome', async () => {
    const tools = scene();
    await refuse(endpointAt('a'), tools);
    await tools.clock.advance(60_000);
    await refuse(endpointAt('a'), tools);
    await tools.clock.advance(60_000);
    await expect(tools.arrive(endpointAt('a')).entered).rejects.toMatchObject({ causeClass: 'auth' });
    await tools.clock.advance(60_000);
    const { visit, entered } = tools.arrive(endpointAt('a'));
    await entered;
    visit.succeeded();
    await tools.arrive(endpointAt('a')).entered;
  });

  it('are tried at once where a person asks, at another host, and as another user', async () => {
    const tools = scene();
    await refuse(endpointAt('a'), tools);
    await tools.logins.visit(endpointAt('a'), true).enter(never);
    await tools.arrive(endpointAt('b')).entered;
    await tools.arrive(endpointAt('a', { user: 'root' })).entered;
  });
});
