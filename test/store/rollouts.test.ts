import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../src/lib/logger.ts';
import { nodeId } from '../../src/model/node.ts';
import type { RolloutRecord } from '../../src/model/rollout.ts';
import { DurableDecisions } from '../../src/store/decisions.ts';
import { DurableDrift } from '../../src/store/drift.ts';
import { openDurable, type Durable } from '../../src/store/durable.ts';
import { DurableRollouts } from '../../src/store/rollouts.ts';
import { ManualClock } from '../support/manual-clock.ts';

let folder: string;
const opened: Durable[] = [];
const clock = new ManualClock();
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rollouts-'));
});
afterEach(async () => {
  for (const durable of opened.splice(0)) await durable.close();
  rmSync(folder, { recursive: true });
});

const node = nodeId('worker_nodes', '10.0.0.1');
const record: RolloutRecord = {
  number: 7,
  revision: 'r7',
  content: 'c7',
  base: 'r6',
  policy: {
    batches: [{ count: 1 }, { percent: 25 }],
    canaries: { names: ['wa'], labels: [] },
    maxFailed: { count: 0 },
    maxUnreachable: { percent: 100 },
    onFailure: 'rollback',
    soakMs: 0,
  },
  batches: [[node]],
  released: 1,
  touched: [node],
  phase: 'rolled-back',
  began: '2026-01-01T00:00:00Z',
  since: '2026-01-01T00:00:01Z',
  who: 'sync-controller',
  note: 'wa not_resolving',
};

const path = (name: string): string => join(folder, name);

async function durable(): Promise<Durable> {
  for (const one of opened.splice(0)) await one.close();
  const made = await openDurable({ path: path('durable.db'), clock, log: silentLogger });
  opened.push(made);
  return made;
}
const rollouts = async (): Promise<DurableRollouts> =>
  DurableRollouts.open({ durable: await durable(), copyFile: path('rollout.json'), log: silentLogger });
const damage = (name: string): void => {
  writeFileSync(path(name), 'x'.repeat(5_000));
};

describe('the record of a rollout', () => {
  it('survives a restart, with the snapshot that it would go back to', async () => {
    const first = await rollouts();
    expect([first.record(), first.isLost()]).toEqual([undefined, false]);
    await first.keep(record, { revision: 'r6', body: 'the last good one' });
    await first.keep({ ...record, released: 2 });
    const later = await rollouts();
    expect(later.record()).toEqual({ ...record, released: 2 });
    expect([await later.base('r6'), await later.base('r5')]).toEqual(['the last good one', undefined]);
  });

  it('keeps one base, that of the newest rollout', async () => {
    const first = await rollouts();
    await first.keep(record, { revision: 'r6', body: 'six' });
    await first.keep({ ...record, number: 8 }, { revision: 'r7', body: 'seven' });
    expect([await first.base('r6'), await first.base('r7')]).toEqual([undefined, 'seven']);
  });

  it('without the database is the one of its copy: a pin holds on', async () => {
    await (await rollouts()).keep(record);
    for (const one of opened.splice(0)) await one.close();
    damage('durable.db');
    const later = await rollouts();
    expect([later.record()?.phase, later.isLost()]).toEqual(['rolled-back', false]);
  });

  it('is the one of its copy where the database was begun anew', async () => {
    await (await rollouts()).keep(record);
    for (const one of opened.splice(0)) await one.close();
    for (const end of ['', '-wal', '-shm']) rmSync(path(`durable.db${end}`), { force: true });
    expect((await rollouts()).record()).toEqual(record);
  });

  it('without the database and with a damaged copy is lost, which is not the same as none', async () => {
    const first = await rollouts();
    await first.keep(record);
    await first.keep(record);
    for (const one of opened.splice(0)) await one.close();
    for (const name of ['durable.db', 'rollout.json', 'rollout.json.previous']) damage(name);
    const later = await rollouts();
    expect([later.record(), later.isLost()]).toEqual([undefined, true]);
  });

  it('goes on in memory where the disk takes nothing', async () => {
    const asked: string[] = [];
    const full: Durable = {
      state: () => ({ available: true }),
      ask: ((name: string) => {
        asked.push(name);
        return name === 'lastRollout'
          ? Promise.resolve({ available: true, value: undefined })
          : Promise.reject(new Error('disk full'));
      }) as never,
      close: () => Promise.resolve(),
    };
    const kept = await DurableRollouts.open({ durable: full, copyFile: path('r.json'), log: silentLogger });
    await kept.keep(record);
    expect([kept.record(), asked]).toEqual([record, ['lastRollout', 'keepRollout']]);
  });

  it('of a version that knows more is lost, and holds', async () => {
    const first = await rollouts();
    await first.keep(record);
    const text = readFileSync(path('rollout.json'), 'utf8');
    expect(text).toContain('"phase":"rolled-back"');
    await first.keep({ ...record, phase: 'teleported' as never });
    expect((await rollouts()).isLost()).toBe(true);
  });
});

describe('the rules of drift', () => {
  const rule = { node, mode: 'freeze', who: 'ada', why: 'debugging', since: '2026-01-01T00:00:00Z' } as const;
  const drift = async (): Promise<DurableDrift> => DurableDrift.open(await durable(), path('drift.json'));

  it('survive a restart, and the loss of the database', async () => {
    await (await drift()).set(rule);
    expect((await drift()).of(node)).toEqual(rule);
    for (const one of opened.splice(0)) await one.close();
    damage('durable.db');
    const later = await drift();
    expect([later.of(node), later.isLost()]).toEqual([rule, false]);
    await expect(later.set(rule)).rejects.toMatchObject({ exit: 'unavailable' });
  });

  it('that cannot be read at all are assumed to have been freezes', async () => {
    await (await drift()).set(rule);
    for (const one of opened.splice(0)) await one.close();
    for (const name of ['durable.db', 'drift.json']) damage(name);
    expect((await drift()).isLost()).toBe(true);
  });

  it('end with the way back to the settings', async () => {
    const first = await drift();
    await first.set(rule);
    await first.drop(node);
    expect((await drift()).all()).toEqual([]);
  });
});

describe('a freeze', () => {
  const decisions = async (): Promise<DurableDecisions> =>
    DurableDecisions.open({ durable: await durable(), pausesFile: path('pauses.json'), clock });
  const ada = { who: 'ada', reason: 'holidays' };

  it('of a type holds its nodes and no others, until its time', async () => {
    const first = await decisions();
    await first.pause('type:worker_nodes', ada, '2026-01-01T00:01:00Z');
    expect(first.pausedBy(node)).toBe(
      'frozen by ada since 2026-01-01T00:00:00Z until 2026-01-01T00:01:00Z: holidays',
    );
    expect([first.pausedBy('vps_nodes@10.0.0.1'), first.pausedBy('all')]).toEqual([undefined, undefined]);
    expect((await decisions()).pausedBy(node)).toBeDefined();
    await clock.advance(60_000);
    expect(first.pausedBy(node)).toBeUndefined();
  });
});
