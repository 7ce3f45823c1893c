import { afterEach, describe, expect, it } from 'vitest';
import { isoSeconds } from '../../src/lib/clock.ts';
import { Thaw } from '../../src/reconcile/thaw.ts';
import type { Pause } from '../../src/store/records.ts';
import { ManualClock } from '../support/manual-clock.ts';

const stops: AbortController[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop.abort();
});

function rig() {
  const clock = new ManualClock();
  const held = new Map<string, Pause>();
  const ended: string[] = [];
  const thaw = new Thaw({
    clock,
    pauses: () =>
      [...held.values()].filter(({ expires }) => expires === undefined || Date.parse(expires) > clock.now()),
    onEnd: ({ scope }) => ended.push(`${scope} at ${String(clock.monotonic())}`),
  });
  const stop = new AbortController();
  stops.push(stop);
  const done = thaw.run(stop.signal);
  const freeze = (scope: string, seconds: number | undefined): void => {
    const expires = seconds === undefined ? undefined : isoSeconds(clock.now() + seconds * 1_000);
    held.set(scope, { scope, who: 'ada', why: undefined, since: '', expires });
    thaw.stir();
  };
  return { clock, held, ended, thaw, freeze, stop, done };
}

describe('the end of a freeze', () => {
  it('is noticed when its time has come, each by itself, and once', async () => {
    const { clock, ended, freeze } = rig();
    await clock.advance(10);
    freeze('all', 3_600);
    freeze('type:vps_nodes', 60);
    await clock.advance(61_000);
    expect(ended).toEqual(['type:vps_nodes at 60001']);
    await clock.advance(7_200_000);
    expect(ended).toEqual(['type:vps_nodes at 60001', 'all at 3600001']);
  });

  it('that was planned is waited for from its start on, and its start is told', async () => {
    const clock = new ManualClock();
    const at = (seconds: number): string => isoSeconds(clock.now() + seconds * 1_000);
    const window = { scope: 'all', who: 'ada', why: undefined, since: '', starts: at(600), expires: at(900) };
    const isBegun = (): boolean => Date.parse(window.starts) <= clock.now();
    const isOver = (): boolean => Date.parse(window.expires) <= clock.now();
    const told: string[] = [];
    const thaw = new Thaw({
      clock,
      pauses: () => (isBegun() && !isOver() ? [window] : []),
      upcoming: () => (isBegun() ? [] : [window]),
      onBegin: ({ scope }) => told.push(`${scope} begins`),
      onEnd: ({ scope }) => told.push(`${scope} ends`),
    });
    const stop = new AbortController();
    stops.push(stop);
    void thaw.run(stop.signal);
    await clock.advance(599_000);
    expect(told).toEqual([]);
    await clock.advance(62_000);
    expect(told).toEqual(['all begins']);
    await clock.advance(600_000);
    expect(told).toEqual(['all begins', 'all ends']);
  });

  it('by a person is none of its own', async () => {
    const { clock, held, ended, thaw, freeze } = rig();
    freeze('all', 60);
    await clock.advance(10_000);
    held.clear();
    thaw.stir();
    await clock.advance(120_000);
    expect(ended).toEqual([]);
  });

  it('is not waited for where there is none: a pause without an end costs no timer', async () => {
    const { clock, ended, freeze, stop, done } = rig();
    freeze('all', undefined);
    await clock.advance(86_400_000);
    expect(ended).toEqual([]);
    stop.abort();
    await done;
  });
});
