import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/model/bundle.ts';
import { Timekeeper } from '../../src/push/timekeeper.ts';
import type { Receipt } from '../../src/wire/receipt.ts';
import { ManualClock } from '../support/manual-clock.ts';

const receipt = (mode: string, seq: number, result: Receipt['result']): Receipt => ({
  sc: 1,
  nonce: 'n',
  node: 'worker_nodes@10.0.0.1',
  kind: 'hosts',
  mode,
  result,
  code: 0,
  fence: { epoch: 7, writer: 'w', seq, sha: digestOf('x') },
  installed: null,
  owner: null,
  before: { sha: 'absent', size: 0 },
  after: { sha: digestOf('x'), size: 1 },
  rungs: {},
  facts: {
    receiver: '1.0.0',
    wire: [1],
    boot: 'b',
    clock: 0,
    machine: 'm',
    hostname: 'h',
    bash: '5',
    shape: 's',
    path: '/etc/hosts',
    ms: 9,
  },
  text: '',
  bodies: new Map(),
});

describe('the timekeeper of an attempt', () => {
  it('adds up each phase by the clock, in whole milliseconds', async () => {
    const clock = new ManualClock();
    const times = new Timekeeper(clock);
    const waited = times.start();
    await clock.advance(20);
    waited('waitMs');
    const failed = times.start();
    await clock.advance(300);
    failed('dialMs');
    times.add('exchangeMs', 1.4);
    times.add('exchangeMs', 2.4);
    expect(times.course()).toEqual({ timings: { waitMs: 20, dialMs: 300, exchangeMs: 4, verifyMs: 0 } });
  });

  it('keeps the receipt of the write, not of the look after it; where nothing was written, of the look', () => {
    const times = new Timekeeper(new ManualClock());
    times.note(receipt('check', 1, 'CHECKED'));
    expect(times.course().receipt).toMatchObject({ mode: 'check', seq: 1 });
    times.note(receipt('apply', 2, 'INSTALLED'));
    times.note(receipt('check', 3, 'CHECKED'));
    expect(times.course().receipt).toEqual({
      mode: 'apply',
      result: 'INSTALLED',
      epoch: 7,
      seq: 2,
      before: 'absent',
      after: digestOf('x'),
      receiverMs: 9,
    });
    times.note(receipt('rollback', 4, 'RESTORED'));
    expect(times.course().receipt).toMatchObject({ mode: 'rollback', seq: 4 });
  });
});
