import { describe, expect, it } from 'vitest';
import { KeyQueue } from '../../src/reconcile/queue.ts';
import { ManualClock } from '../support/manual-clock.ts';

const signal = new AbortController().signal;

describe('KeyQueue', () => {
  it('merges adds of a waiting key and keeps the strongest urgency', async () => {
    const queue = new KeyQueue<string>(new ManualClock());
    queue.add('a', 'look');
    queue.add('a', 'push');
    queue.add('a', 'change');
    expect(await queue.take(signal)).toEqual({ key: 'a', urgency: 'push' });
    expect(queue.depth()).toEqual({ due: 0, delayed: 0, active: 1 });
  });

  it('hands a key out once more when it was added while being worked on, and not before the work ends', async () => {
    const queue = new KeyQueue<string>(new ManualClock());
    queue.add('a', 'change');
    await queue.take(signal);
    queue.add('a', 'change');
    queue.add('b', 'change');
    expect((await queue.take(signal)).key).toBe('b');
    queue.done('a');
    expect((await queue.take(signal)).key).toBe('a');
  });

  it('hands out a delayed key when its time has come', async () => {
    const clock = new ManualClock();
    const queue = new KeyQueue<string>(clock);
    queue.addLater('a', 'retry', 5_000);
    const taken = queue.take(signal);
    await clock.advance(4_999);
    expect(queue.depth().active).toBe(0);
    await clock.advance(1);
    expect(await taken).toEqual({ key: 'a', urgency: 'retry' });
  });

  it('lets an immediate add overtake a delay and keeps its reason', async () => {
    const queue = new KeyQueue<string>(new ManualClock());
    queue.addLater('a', 'retry', 60_000);
    queue.add('a', 'look');
    expect(await queue.take(signal)).toEqual({ key: 'a', urgency: 'retry' });
    expect(queue.depth().delayed).toBe(0);
  });

  it('serves due keys in the order in which they came', async () => {
    const queue = new KeyQueue<string>(new ManualClock());
    for (const key of ['c', 'a', 'b']) queue.add(key, 'change');
    const order = [];
    for (let n = 0; n < 3; n += 1) order.push((await queue.take(signal)).key);
    expect(order).toEqual(['c', 'a', 'b']);
  });

  it('ends a waiting take when the signal fires', async () => {
    const stop = new AbortController();
    const taken = new KeyQueue<string>(new ManualClock()).take(stop.signal);
    stop.abort(new Error('stopping'));
    await expect(taken).rejects.toThrow('stopping');
  });
});
