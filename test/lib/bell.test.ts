import { describe, expect, it } from 'vitest';
import { Bell } from '../../src/lib/bell.ts';

describe('a bell', () => {
  it('wakes whoever waits until what is asked for is there', async () => {
    const bell = new Bell();
    const found: number[] = [];
    let asked = 0;
    const seen = bell.when(() => {
      asked += 1;
      return found[0];
    }, new AbortController().signal);
    bell.ring();
    await Promise.resolve();
    found.push(7);
    bell.ring();
    expect(await seen).toBe(7);
    const before = asked;
    bell.ring();
    await Promise.resolve();
    expect(asked).toBe(before);
  });

  it('lets go whoever has had enough, with the reason', async () => {
    const stop = new AbortController();
    const seen = new Bell().when(() => undefined, stop.signal);
    stop.abort(new Error('enough'));
    await expect(seen).rejects.toThrow('enough');
  });
});
