import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isoSeconds } from '../../src/lib/clock.ts';
import { silentLogger } from '../../src/lib/logger.ts';
import { DurableDecisions } from '../../src/store/decisions.ts';
import { openDurable } from '../../src/store/durable.ts';
import { durableTombstones } from '../../src/store/tombstones.ts';
import { nodeId } from '../../src/model/node.ts';
import { ManualClock } from '../support/manual-clock.ts';

let folder: string;
let clock: ManualClock;
const opened: DurableDecisions[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'decisions-'));
  clock = new ManualClock();
});
afterEach(async () => {
  for (const decisions of opened.splice(0)) await decisions.close();
  rmSync(folder, { recursive: true });
});

const ada = { who: 'ada', reason: 'moving house' };
const database = () => join(folder, 'durable.db');
const pausesFile = () => join(folder, 'pauses.json');

async function open(): Promise<DurableDecisions> {
  const durable = await openDurable({ path: database(), clock, log: silentLogger });
  const decisions = await DurableDecisions.open({ durable, pausesFile: pausesFile(), clock });
  opened.push(decisions);
  return decisions;
}

async function reopen(): Promise<DurableDecisions> {
  for (const decisions of opened.splice(0)) await decisions.close();
  return open();
}

function damage(file: string): void {
  writeFileSync(file, 'x'.repeat(5000));
}

describe('a freeze of a scope that was frozen before', () => {
  it('holds after a restart, also where only its copy could be written', async () => {
    const until = (ms: number): string => isoSeconds(clock.now() + ms);
    const first = await open();
    await first.pause('all', ada, until(60_000));
    await first.close();
    opened.length = 0;
    await clock.advance(120_000);
    // A life without the database: it still has the old freeze.
    const away = { available: false, reason: 'full', remedy: '' } as const;
    const durable = { state: () => away, ask: () => Promise.resolve(away), close: () => Promise.resolve() };
    const second = await DurableDecisions.open({ durable, pausesFile: pausesFile(), clock });
    await second.pause('all', ada, until(60_000));
    expect((await open()).pausedBy('vps_nodes@a')).toMatch(/^frozen by ada/u);
  });
});

describe('decisions', () => {
  it('keep approvals, and the audit says who gave them', async () => {
    const decisions = await open();
    expect(decisions.approvals().size).toBe(0);
    await decisions.approve('abc', ada);
    expect([...decisions.approvals()]).toEqual(['abc']);
    const later = await reopen();
    expect([...later.approvals()]).toEqual(['abc']);
    expect(await later.audits(5)).toEqual([
      { at: '2026-01-01T00:00:00Z', who: 'ada', why: 'moving house', action: 'approve', detail: 'abc' },
    ]);
  });

  it('hold one node, or everything, until resumed', async () => {
    const decisions = await open();
    await decisions.pause('vps_nodes@a', ada);
    expect(decisions.pausedBy('vps_nodes@a')).toBe('paused by ada since 2026-01-01T00:00:00Z: moving house');
    expect(decisions.pausedBy('vps_nodes@b')).toBeUndefined();
    expect(decisions.pausedBy('all')).toBeUndefined();
    await decisions.pause('all', { who: 'bob', reason: undefined });
    expect(decisions.pausedBy('vps_nodes@b')).toBe('paused by bob since 2026-01-01T00:00:00Z');
    const later = await reopen();
    expect(later.pauses().map(({ scope }) => scope)).toEqual(['vps_nodes@a', 'all']);
    await later.resume('all', ada);
    expect(later.pausedBy('vps_nodes@b')).toBeUndefined();
    expect((await reopen()).pausedBy('vps_nodes@a')).toContain('paused by ada');
  });

  it('end a pause at its time', async () => {
    const decisions = await open();
    await decisions.pause('all', ada, '2026-01-01T01:00:00Z');
    expect(decisions.pausedBy('all')).toBeDefined();
    await clock.advance(3_600_000);
    expect(decisions.pausedBy('all')).toBeUndefined();
    expect(decisions.pauses()).toEqual([]);
  });
});

describe('planned freezes', () => {
  const at = (minutes: number): string => isoSeconds(clock.now() + minutes * 60_000);

  it('hold from their start to their end, several of one scope, also after a restart', async () => {
    const decisions = await open();
    await decisions.planFreeze('type:vps_nodes', ada, { starts: at(10), expires: at(20) });
    await decisions.planFreeze('type:vps_nodes', ada, { starts: at(30), expires: at(40) });
    expect([decisions.pausedBy('vps_nodes@a'), decisions.upcoming().length]).toEqual([undefined, 2]);
    await clock.advance(11 * 60_000);
    const later = await reopen();
    expect(later.pausedBy('vps_nodes@a')).toMatch(/^frozen by ada since \S+ until \S+/u);
    expect([later.pauses().length, later.upcoming().length]).toEqual([1, 1]);
    await clock.advance(10 * 60_000);
    expect((await reopen()).pausedBy('vps_nodes@a')).toBeUndefined();
    await clock.advance(10 * 60_000);
    expect((await reopen()).pausedBy('vps_nodes@a')).toContain('frozen');
  });

  it('survive the database by their copy, once each', async () => {
    await (await open()).planFreeze('all', ada, { starts: at(10), expires: at(20) });
    for (const decisions of opened.splice(0)) await decisions.close();
    expect((await open()).upcoming().length).toBe(1);
    for (const decisions of opened.splice(0)) await decisions.close();
    damage(database());
    expect((await open()).upcoming()).toMatchObject([{ scope: 'all', who: 'ada' }]);
  });

  it('are ended before they begin where that is meant, and stay where only a pause is ended', async () => {
    const decisions = await open();
    await decisions.planFreeze('all', ada, { starts: at(10), expires: at(20) });
    await decisions.pause('all', ada);
    await decisions.resume('all', ada);
    expect([decisions.pausedBy('all'), decisions.upcoming().length]).toEqual([undefined, 1]);
    await decisions.resume('all', ada, { planned: true });
    expect((await reopen()).upcoming()).toEqual([]);
  });
});

describe('with durable.db damaged', () => {
  it('holds that were set still hold, and can be ended and set', async () => {
    await (await open()).pause('vps_nodes@a', ada);
    for (const decisions of opened.splice(0)) await decisions.close();
    damage(database());
    const decisions = await open();
    expect(decisions.pausedBy('vps_nodes@a')).toContain('paused by ada');
    expect(decisions.pausedBy('vps_nodes@b')).toBeUndefined();
    await decisions.resume('vps_nodes@a', ada);
    await decisions.pause('vps_nodes@b', ada);
    const later = await reopen();
    expect(later.pauses().map(({ scope }) => scope)).toEqual(['vps_nodes@b']);
  });

  it('the main push goes on where nobody ever held anything', async () => {
    damage(database());
    expect((await open()).pausedBy('all')).toBeUndefined();
  });

  it('a hold is assumed where the copy of the pauses is damaged too', async () => {
    await (await open()).pause('vps_nodes@a', ada);
    for (const decisions of opened.splice(0)) await decisions.close();
    damage(database());
    damage(pausesFile());
    damage(`${pausesFile()}.previous`);
    const decisions = await open();
    expect(decisions.pausedBy('all')).toContain('assumed to hold');
    expect(decisions.pausedBy('vps_nodes@b')).toContain('assumed to hold');
    await decisions.resume('all', ada);
    expect(decisions.pausedBy('vps_nodes@b')).toBeUndefined();
  });

  it('approving and removing nodes are refused in one sentence, the audit is passed over', async () => {
    damage(database());
    const durable = await openDurable({ path: database(), clock, log: silentLogger });
    const decisions = await DurableDecisions.open({ durable, pausesFile: pausesFile(), clock });
    await expect(decisions.approve('abc', ada)).rejects.toThrow(
      /^approve: expected durable\.db, got .*; restore a backup/u,
    );
    expect(decisions.approvals().size).toBe(0);
    await expect(decisions.audit(ada, 'push', '')).resolves.toBeUndefined();
    const stones = durableTombstones(durable);
    const stone = {
      node: nodeId('vps_nodes', 'a'),
      address: 'a',
      row: '{}',
      pins: [],
      targets: [],
      at: '',
      state: 'pending',
    } as const;
    await expect(stones.bury(stone)).rejects.toMatchObject({
      exit: 'unavailable',
      message: expect.stringContaining('node remove: expected durable.db'),
    });
    await expect(stones.list()).rejects.toMatchObject({ exit: 'unavailable' });
  });
});
