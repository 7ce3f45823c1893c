import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SyncError } from '../../src/lib/errors.ts';
import { DurableDecisions } from '../../src/store/decisions.ts';
import type { Durable } from '../../src/store/durable.ts';
import { ManualClock } from '../support/manual-clock.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'decisions-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const ada = { who: 'ada', reason: undefined };
const away = { available: false, reason: 'no space', remedy: 'make room' } as const;
const file = () => join(folder, 'pauses.json');

/** A store that keeps pauses in memory, or answers as the test says. */
function durable(answer: (name: string) => unknown): Durable {
  return {
    state: () => ({ available: true }),
    ask: ((name: string) => answer(name)) as Durable['ask'],
    close: () => Promise.resolve(),
  };
}
const empty = durable(() => Promise.resolve({ available: true, value: [] }));

const open = (store: Durable) =>
  DurableDecisions.open({ durable: store, pausesFile: file(), clock: new ManualClock() });

describe('decisions beside a disk that is full', () => {
  it('remember a hold that only its copy could take, once the database is back', async () => {
    const decisions = await open(durable(() => Promise.resolve(away)));
    await decisions.pause('all', ada);
    const later = await open(empty);
    expect(later.pausedBy('all')).toContain('paused by ada');
  });

  it('assume no hold from a damaged copy where the database can be read', async () => {
    mkdirSync(file());
    expect((await open(empty)).pausedBy('all')).toBeUndefined();
  });

  it('refuse a hold that cannot be kept with the file and what to do', async () => {
    const decisions = await open(empty);
    mkdirSync(file());
    const refused: unknown = await decisions.pause('all', ada).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(SyncError);
    expect(refused).toMatchObject({
      exit: 'unavailable',
      message: expect.stringContaining(file()) as string,
    });
  });

  it('do what was asked where only the audit cannot be written', async () => {
    const full = durable((name) =>
      name === 'audit'
        ? Promise.reject(new SyncError('unavailable', 'database or disk is full'))
        : Promise.resolve({ available: true, value: [] }),
    );
    const decisions = await open(full);
    await decisions.audit(ada, 'term take', 'epoch 3');
    await decisions.approve('abc', ada);
    expect([...decisions.approvals()]).toEqual(['abc']);
  });
});
