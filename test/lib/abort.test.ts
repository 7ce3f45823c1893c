import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { DeadlineExceeded, linked, within, withDeadline } from '../../src/lib/abort.ts';

const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length;
const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
const forever = () => new Promise<never>(() => undefined);

describe('a linked signal', () => {
  it('fires with the first of its parents, with its reason', () => {
    const [a, b] = [new AbortController(), new AbortController()];
    using owned = linked(a.signal, undefined, b.signal);
    b.abort('b');
    a.abort('a');
    expect(owned.signal.reason).toBe('b');
  });

  it('has fired when a parent had', () => {
    using owned = linked(AbortSignal.abort('before'));
    expect(owned.signal.aborted).toBe(true);
  });

  it('fires by hand without touching its parents', () => {
    const parent = new AbortController();
    using owned = linked(parent.signal);
    owned.abort('mine');
    expect([owned.signal.reason, parent.signal.aborted]).toEqual(['mine', false]);
  });

  it('leaves nothing on its parents once disposed', () => {
    const parent = new AbortController();
    for (let n = 0; n < 1000; n += 1) {
      using owned = linked(parent.signal);
      expect(owned.signal.aborted).toBe(false);
    }
    expect(listeners(parent.signal)).toBe(0);
  });
});

describe('a deadline', () => {
  it('fires with DeadlineExceeded after its time', async () => {
    using owned = withDeadline(undefined, 5);
    const reason = await new Promise((resolve) =>
      owned.signal.addEventListener('abort', () => resolve(owned.signal.reason)),
    );
    expect(reason).toBeInstanceOf(DeadlineExceeded);
    expect(String(reason)).toContain('not finished within 5 ms');
  });

  it('leaves no timer and no listener once disposed', () => {
    const parent = new AbortController();
    const before = timers();
    for (let n = 0; n < 100; n += 1) {
      using owned = withDeadline(parent.signal, 60_000);
      expect(owned.signal.aborted).toBe(false);
    }
    expect(timers()).toBe(before);
    expect(listeners(parent.signal)).toBe(0);
  });
});

describe('work within a deadline', () => {
  it('gives its value and leaves nothing behind', async () => {
    const parent = new AbortController();
    const before = timers();
    await expect(within(60_000, parent.signal, () => Promise.resolve(7))).resolves.toBe(7);
    await expect(within(60_000, parent.signal, () => Promise.reject(new Error('its own')))).rejects.toThrow(
      'its own',
    );
    expect(timers()).toBe(before);
    expect(listeners(parent.signal)).toBe(0);
  });

  it('ends by then even if it never looks at its signal', async () => {
    await expect(within(5, undefined, forever)).rejects.toBeInstanceOf(DeadlineExceeded);
  });

  it('ends with its parent, with the reason', async () => {
    const parent = new AbortController();
    const running = within(60_000, parent.signal, forever);
    parent.abort(new Error('stopping'));
    await expect(running).rejects.toThrow('stopping');
  });

  it('does not begin under a signal that has fired', async () => {
    let begun = false;
    const work = () => ((begun = true), Promise.resolve());
    await expect(within(60_000, AbortSignal.abort('over'), work)).rejects.toBe('over');
    expect(begun).toBe(false);
  });

  it('tells the work that its time is over', async () => {
    const told = Promise.withResolvers<unknown>();
    const work = (signal: AbortSignal) => {
      signal.addEventListener('abort', () => told.resolve(signal.reason));
      return forever();
    };
    await expect(within(5, undefined, work)).rejects.toBeInstanceOf(DeadlineExceeded);
    expect(await told.promise).toBeInstanceOf(DeadlineExceeded);
  });

  it('swallows what the work throws after its time', async () => {
    const late = Promise.withResolvers<never>();
    await expect(within(5, undefined, () => late.promise)).rejects.toBeInstanceOf(DeadlineExceeded);
    late.reject(new Error('nobody waits for this'));
    await new Promise((resolve) => setImmediate(resolve));
  });
});
