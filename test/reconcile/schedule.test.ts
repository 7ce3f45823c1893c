import { describe, expect, it } from 'vitest';
import { causes, type CauseClass } from '../../src/model/cause.ts';
import { nodeId } from '../../src/model/node.ts';
import type { Outcome } from '../../src/model/outcome.ts';
import { judgeFence } from '../../src/reconcile/fence-verdict.ts';
import { nextAfter } from '../../src/reconcile/schedule.ts';

const settings = {
  attempts: 3,
  delayMs: 5_000,
  factor: 2,
  parallel: 32,
  deadlineMs: 30_000,
  loadMs: 1_000,
  maxDelayMs: 900_000,
};
const failed = (cause: CauseClass): Outcome => ({
  ok: false,
  id: nodeId('vps_nodes', '10.0.0.1'),
  cause,
  evidence: '',
  reachable: true,
  facts: undefined,
});

describe('nextAfter', () => {
  it('makes three attempts, 5 s and 10 s apart, then a later pass', () => {
    expect(nextAfter(failed('no_receipt'), 1, 0, settings)).toEqual({ kind: 'attempt', delayMs: 5_000 });
    expect(nextAfter(failed('no_receipt'), 2, 0, settings)).toEqual({ kind: 'attempt', delayMs: 10_000 });
    expect(nextAfter(failed('no_receipt'), 3, 0, settings)).toEqual({ kind: 'pass', delayMs: 20_000 });
  });

  it('doubles the wait between passes up to its limit', () => {
    expect(nextAfter(failed('io'), 3, 1, settings)).toEqual({ kind: 'pass', delayMs: 40_000 });
    expect(nextAfter(failed('io'), 3, 40, settings)).toEqual({ kind: 'pass', delayMs: 900_000 });
  });

  it.each(
    Object.entries(causes)
      .filter(([, cause]) => cause.offline)
      .map(([name]) => name as CauseClass),
  )('waits for the return of a node that is offline by %s instead of trying again', (cause) => {
    expect(nextAfter(failed(cause), 1, 0, settings)).toEqual({ kind: 'presence' });
  });

  it.each(['auth', 'hostkey_changed', 'sudo', 'hostkey_unpinned'] as const)(
    'does not try %s again by itself',
    (cause) => {
      expect(nextAfter(failed(cause), 1, 0, settings)).toEqual({ kind: 'settled' });
    },
  );
});

describe('judgeFence', () => {
  const base = {
    cause: 'fenced' as CauseClass,
    acceptedThisTerm: false,
    nowMs: 100_000,
    lastTermMs: 0,
    retermed: false,
  };

  it('takes FENCED of a node that had accepted this term for a living rival', () => {
    expect(judgeFence({ ...base, acceptedThisTerm: true })).toBe('rival');
  });

  it('takes RIVAL for a living rival whatever the node had accepted', () => {
    expect(judgeFence({ ...base, cause: 'rival' })).toBe('rival');
  });

  it('takes FENCED of any other node for an old record and rises above it', () => {
    expect(judgeFence(base)).toBe('new-term');
  });

  it('rises at most once a minute', () => {
    expect(judgeFence({ ...base, retermed: true, lastTermMs: 60_000 })).toBe('wait');
    expect(judgeFence({ ...base, retermed: true, lastTermMs: 40_000 })).toBe('new-term');
  });

  it('has no opinion on other failures', () => {
    expect(judgeFence({ ...base, cause: 'enospc' })).toBe('none');
  });
});
