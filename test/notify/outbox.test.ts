import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loggerOver } from '../../src/lib/logger.ts';
import type { Message } from '../../src/notify/alert.ts';
import { Refused, type Target } from '../../src/notify/delivery.ts';
import { Outbox, outboxLimit } from '../../src/notify/outbox.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { alertSample } from './alerts.ts';
import { countingDice, hour, minute, second } from './story.ts';

let clock: ManualClock;
let lines: string[];
let taken: Message[];
let attempts: number;
let fails: (message: Message) => Error | undefined;
let opened: Outbox[];
beforeEach(() => {
  clock = new ManualClock();
  [lines, taken, attempts, opened] = [[], [], 0, []];
  fails = () => undefined;
});
afterEach(async () => {
  await Promise.all(opened.map((outbox) => outbox.close(1)));
});

/** An outbox for a target that does what the test says. */
function outbox(send?: Target['send']): Outbox {
  const target: Target = {
    name: 'ops',
    kind: 'webhook',
    place: 'http://127.0.0.1',
    timeoutMs: 60_000,
    send:
      send ??
      (async (message) => {
        attempts += 1;
        const error = fails(message);
        if (error !== undefined) throw error;
        taken.push(message);
      }),
  };
  const log = loggerOver((level, message, fields) => {
    if (level !== 'debug') lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
  });
  const box = new Outbox({ target, clock, random: countingDice(), log, onChange: () => undefined });
  opened.push(box);
  return box;
}

const numbered = (n: number) => alertSample({ incident: `i-${String(n)}` });
const order = () => taken.map(({ alert }) => alert.incident);

describe('an outbox', () => {
  it('delivers in order', async () => {
    const box = outbox();
    for (let n = 0; n < 5; n += 1) box.push(numbered(n));
    await clock.advance(0);
    expect(order()).toEqual(['i-0', 'i-1', 'i-2', 'i-3', 'i-4']);
    expect(box.health()).toEqual({ waiting: 0, lost: 0, failing: false });
  });

  it('tries again with growing waits, and tells of an outage once and of its end', async () => {
    const box = outbox();
    fails = () => new Error('connect ECONNREFUSED');
    box.push(numbered(0));
    await clock.advance(10 * minute);
    // Half of 2, 4, 8, … 256, 300 s: the dice always fall in the middle.
    expect(attempts).toBe(11);
    box.push(numbered(1));
    await clock.advance(hour);
    expect(attempts).toBeLessThan(40);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('connect ECONNREFUSED');
    fails = () => undefined;
    await clock.advance(5 * minute);
    expect(order()).toEqual(['i-0', 'i-1']);
    expect(lines).toHaveLength(2);
    expect(lines[1]).toContain('takes messages again');
  });

  it('keeps a bounded number while its target is down, and then says how many were lost', async () => {
    const box = outbox();
    fails = () => new Error('down');
    for (let n = 0; n < 10_000; n += 1) box.push(numbered(n));
    expect(box.waiting().length).toBeLessThanOrEqual(outboxLimit + 1);
    await clock.advance(minute);
    fails = () => undefined;
    await clock.advance(10 * minute);
    expect(taken).toHaveLength(outboxLimit + 1);
    expect(order().at(-1)).toBe('i-9999');
    expect(taken.map(({ lost }) => lost)).toEqual([
      10_000 - outboxLimit - 1,
      ...Array<number>(outboxLimit).fill(0),
    ]);
  });

  it('does not let one message that is refused for good hold up the others', async () => {
    const box = outbox();
    fails = ({ alert }) =>
      alert.incident === 'i-0' ? new Refused('it answered 400', { final: true }) : undefined;
    box.push(numbered(0));
    box.push(numbered(1));
    await clock.advance(5 * minute);
    expect(attempts).toBe(6);
    expect(taken).toEqual([{ alert: numbered(1), lost: 1 }]);
  });

  it('waits as long as the target asks', async () => {
    const box = outbox();
    fails = () => new Refused('it answered 429', { final: false, retryAfterMs: 90 * second });
    box.push(numbered(0));
    await clock.advance(89 * second);
    expect(attempts).toBe(1);
    await clock.advance(2 * second);
    expect(attempts).toBe(2);
  });

  it('gives up what is a day old', async () => {
    const box = outbox();
    fails = () => new Error('down');
    box.push(numbered(0));
    await clock.advance(25 * hour);
    expect(box.health()).toEqual({ waiting: 0, lost: 1, failing: true });
  });

  it('ends at once while its target is down, and knows what is left', async () => {
    const box = outbox();
    fails = () => new Error('down');
    box.push(numbered(0));
    box.push(numbered(1));
    await clock.advance(second);
    await box.close(60_000);
    expect(box.waiting().map(({ incident }) => incident)).toEqual(['i-0', 'i-1']);
    box.push(numbered(2));
    expect(box.waiting()).toHaveLength(2);
  });

  it('ends although its target hangs and does not look at its signal', async () => {
    const box = outbox(() => new Promise(() => undefined));
    box.push(numbered(0));
    await box.close(20);
    expect(box.waiting()).toHaveLength(1);
  });
});
