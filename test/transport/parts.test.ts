import { describe, expect, it, vi } from 'vitest';
import { abortable, Deadline, lateFailure, limited } from '../../src/transport/deadline.ts';
import { Gate } from '../../src/transport/gate.ts';
import { Keepalive } from '../../src/transport/keepalive.ts';
import { Leases } from '../../src/transport/leases.ts';
import { commandFor } from '../../src/transport/programs.ts';

const never = new AbortController().signal;

describe('the gate of a session', () => {
  it('lets as many through at once as its limit, the rest in the order of arrival', async () => {
    const gate = new Gate(2);
    const order: number[] = [];
    const all = [1, 2, 3, 4].map(async (number) => {
      await gate.enter(never);
      order.push(number);
    });
    await Promise.all(all.slice(0, 2));
    expect(order).toEqual([1, 2]);
    gate.leave();
    await all[2];
    gate.leave();
    await all[3];
    expect(order).toEqual([1, 2, 3, 4]);
    expect(gate.inside).toBe(2);
  });

  it('forgets who gave up waiting', async () => {
    const gate = new Gate(1);
    await gate.enter(never);
    const controller = new AbortController();
    const waiting = gate.enter(controller.signal);
    const next = gate.enter(never);
    controller.abort(new Error('gave up'));
    await expect(waiting).rejects.toThrow('gave up');
    gate.leave();
    await next;
    gate.leave();
    expect(gate.inside).toBe(0);
  });

  it('narrows to what the other side takes, never below one, and never loses a place', async () => {
    const gate = new Gate(8);
    await Promise.all([1, 2, 3].map(() => gate.enter(never)));
    gate.narrowTo(0);
    const waiting = gate.enter(never);
    gate.leave();
    gate.leave();
    expect(gate.inside).toBe(1);
    gate.leave();
    await waiting;
    expect(gate.inside).toBe(1);
  });
});

describe('the leases of a session', () => {
  it('end its use once after the last one, however often a lease is given back', () => {
    const seen: string[] = [];
    const leases = new Leases({
      idleMs: 10_000,
      onUse: () => seen.push('used'),
      onFree: () => {
        seen.push('free');
        return 'gone';
      },
      onIdle: () => seen.push('idle'),
    });
    const [one, two] = [leases.take(), leases.take()];
    one();
    one();
    expect(seen).toEqual(['used']);
    two();
    expect(seen).toEqual(['used', 'free']);
    expect(leases.count).toBe(0);
  });

  it('tell idleness only where nobody came back', () => {
    vi.useFakeTimers();
    const idle = vi.fn();
    const leases = new Leases({ idleMs: 1_000, onFree: () => 'keep', onIdle: idle });
    leases.take()();
    vi.advanceTimersByTime(900);
    const back = leases.take();
    vi.advanceTimersByTime(5_000);
    expect(idle).not.toHaveBeenCalled();
    back();
    vi.advanceTimersByTime(1_000);
    expect(idle).toHaveBeenCalledOnce();
    vi.useRealTimers();
  });
});

describe('signs of life', () => {
  it('missing three times make the other side dead, and one that comes starts the count again', () => {
    vi.useFakeTimers();
    const onDead = vi.fn();
    let answer: (() => void) | undefined;
    const keepalive = new Keepalive({
      intervalMs: 5_000,
      count: 3,
      ping: (answered) => (answer = answered),
      onDead,
    });
    keepalive.start();
    vi.advanceTimersByTime(15_000);
    answer?.();
    vi.advanceTimersByTime(15_000);
    expect(onDead).not.toHaveBeenCalled();
    vi.advanceTimersByTime(5_000);
    expect(onDead).toHaveBeenCalledOnce();
    vi.advanceTimersByTime(60_000);
    expect(onDead).toHaveBeenCalledOnce();
    vi.useRealTimers();
  });

  it('are not asked for once stopped', () => {
    vi.useFakeTimers();
    const ping = vi.fn();
    const keepalive = new Keepalive({ intervalMs: 100, count: 3, ping, onDead: () => undefined });
    keepalive.start();
    keepalive.stop();
    vi.advanceTimersByTime(10_000);
    expect(ping).not.toHaveBeenCalled();
    vi.useRealTimers();
  });
});

describe('deadlines', () => {
  it.each([
    ['dial', 'timeout', false],
    ['handshake', 'timeout', false],
    ['auth', 'timeout', true],
    ['channel', 'timeout', true],
    ['exec', 'deadline', true],
  ] as const)('that pass in phase %s are %s', (phase, cause, reached) => {
    expect(lateFailure(phase, 10, false)).toMatchObject({ causeClass: cause, reached });
  });

  it('take the phase at the moment they pass', async () => {
    using deadline = new Deadline(20, never);
    deadline.phase = () => 'exec';
    deadline.started = true;
    const forever = new Promise<never>(() => undefined);
    await expect(deadline.wait(forever)).rejects.toMatchObject({ causeClass: 'deadline', started: true });
  });

  it('leave no listener and no timer behind', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    const controller = new AbortController();
    const listen = vi.spyOn(controller.signal, 'addEventListener');
    const unlisten = vi.spyOn(controller.signal, 'removeEventListener');
    await abortable(Promise.resolve(1), controller.signal);
    await limited(Promise.resolve(1), 60_000, () => new Error('late'));
    {
      using deadline = new Deadline(60_000, controller.signal);
      await deadline.wait(Promise.resolve(1));
    }
    await new Promise((resolve) => setImmediate(resolve));
    expect(unlisten).toHaveBeenCalledTimes(listen.mock.calls.length);
    expect(timers()).toBe(before);
  });

  it('swallow what the work says after they have passed', async () => {
    const { promise, reject } = Promise.withResolvers<never>();
    await expect(limited(promise, 5, () => new Error('late'))).rejects.toThrow('late');
    reject(new Error('nobody listens'));
    await new Promise((resolve) => setImmediate(resolve));
  });
});

describe('the constant commands', () => {
  it.each([
    ['receive', 'root', '/usr/local/lib/sync-controller/receive'],
    ['receive', 'deploy', 'sudo -n /usr/local/lib/sync-controller/receive'],
    ['install', 'root', 'bash -s'],
    ['install', 'deploy', 'sudo -n bash -s'],
  ] as const)('%s as %s is %j', (program, user, command) => {
    expect(commandFor(program, user)).toBe(command);
  });

  it('hold nothing of the user who logs in', () => {
    expect(commandFor('receive', '$(id)')).toBe(commandFor('receive', 'deploy'));
  });
});
