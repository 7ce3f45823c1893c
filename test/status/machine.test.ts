import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { causeOf, causes, type CauseClass } from '../../src/model/cause.ts';
import type { NodeStatus } from '../../src/model/status.ts';
import { advance, expecting } from '../../src/status/machine.ts';
import { bad, good, midPass, minute, node1, planA, planB, play } from './samples.ts';

const all = Object.keys(causes) as CauseClass[];
const offline = all.filter((name) => causeOf(name).offline);
const stalled = all.filter((name) => causeOf(name).kind === 'stalled');
const untried: readonly CauseClass[] = ['paused', 'frozen', 'rollout_waiting', 'waiting_retry'];
const neverCounted: readonly CauseClass[] = [
  ...(['hostkey_unpinned', 'drift_observed', 'observing'] as const),
  ...untried,
];
const waiting = all.filter(
  (name) => !offline.includes(name) && !stalled.includes(name) && !neverCounted.includes(name),
);

describe('a verified outcome', () => {
  it('gives active and clears what was wrong', () => {
    expect(play(bad('auth'), good())).toMatchObject({
      state: 'active',
      cause: undefined,
      evidence: '',
      since: minute(1).now,
      lastSync: minute(1).now,
      lastAttempt: minute(1).now,
      lastError: undefined,
      installed: planA,
      rungs: ['digest', 'parsed'],
      failedPasses: 0,
      hint: false,
      bootId: 'boot-1',
    });
  });

  it('keeps `since` while it stays active and moves `lastSync`', () => {
    expect(play(good(), good(), good())).toMatchObject({ since: minute(0).now, lastSync: minute(2).now });
  });

  it.each(all)('ends %s, whatever came before', (cause) => {
    expect(play(bad(cause), bad(cause), good()).state).toBe('active');
  });

  it('is not active when a newer plan is already known', () => {
    const newer = expecting(play(good()), planB, minute(1).now);
    const late = advance(newer, good(), minute(2, { desired: planA }));
    expect(late).toMatchObject({
      state: 'pending_sync',
      cause: 'waiting_retry',
      installed: planA,
      desired: planB,
      lastSync: minute(2).now,
    });
    expect(advance(late, good(node1, planB), minute(3, { desired: planB }))).toMatchObject({
      state: 'active',
      desired: planB,
    });
  });
});

describe('an offline node', () => {
  it.each(offline)('%s is pending_sync and never error', (cause) => {
    const many = Array.from({ length: 10 }, () => bad(cause, { reachable: cause === 'connection_lost' }));
    expect(play(good(), ...many)).toMatchObject({
      state: 'pending_sync',
      cause,
      since: minute(1).now,
      failedPasses: 0,
    });
  });

  it.each(offline)('%s notes the attempt and is no error of the node', (cause) => {
    expect(play(good(), bad(cause))).toMatchObject({
      lastAttempt: minute(1).now,
      lastSync: minute(0).now,
      lastError: undefined,
    });
  });

  it('leaves error for pending_sync once it cannot be reached', () => {
    expect(play(bad('auth'), bad('timeout', { reachable: false })).state).toBe('pending_sync');
  });

  it('counts failed passes anew after its absence', () => {
    expect(play(bad('not_loaded'), bad('timeout', { reachable: false }), bad('not_loaded')).state).toBe(
      'pending_sync',
    );
  });
});

describe('a cause that needs a person', () => {
  it.each(stalled)('%s is error at once', (cause) => {
    expect(play(good(), [bad(cause), midPass])).toMatchObject({
      state: 'error',
      cause,
      since: minute(1).now,
      lastError: minute(1).now,
    });
  });
});

describe('a failure that may pass by itself', () => {
  it.each(waiting)('%s is pending_sync after one pass of three failed attempts', (cause) => {
    expect(play(good(), [bad(cause), midPass], [bad(cause), midPass], bad(cause))).toMatchObject({
      state: 'pending_sync',
      cause,
      failedPasses: 1,
    });
  });

  it.each(waiting)('%s is error after a second failed pass in a row', (cause) => {
    const pass = [[bad(cause), midPass], [bad(cause), midPass], bad(cause)] as const;
    expect(play(good(), ...pass, ...pass)).toMatchObject({ state: 'error', cause, failedPasses: 2 });
  });

  it.each(waiting)('%s does not count where the node was not reached', (cause) => {
    expect(play(...Array.from({ length: 5 }, () => bad(cause, { reachable: false }))).state).toBe(
      'pending_sync',
    );
  });

  it('stays error through the attempts of the next pass', () => {
    expect(play(bad('enospc'), bad('enospc'), [bad('enospc'), midPass]).state).toBe('error');
  });

  it('counts two passes that fail for different causes', () => {
    expect(play(bad('not_loaded'), bad('enospc'))).toMatchObject({ state: 'error', cause: 'enospc' });
  });

  it('counts anew after a success', () => {
    expect(play(bad('enospc'), good(), bad('enospc')).state).toBe('pending_sync');
  });

  it('takes `since` from the last change of state or cause', () => {
    expect(play(good(), bad('busy', {}), [bad('busy'), midPass]).since).toBe(minute(1).now);
    expect(play(good(), [bad('busy'), midPass], [bad('moved'), midPass]).since).toBe(minute(2).now);
  });
});

describe('a consumer that got its fallback back', () => {
  it('is never active, and what was installed is no longer known', () => {
    expect(play(good(), bad('restored'))).toMatchObject({
      state: 'pending_sync',
      cause: 'restored',
      installed: undefined,
      rungs: [],
    });
    expect(play(good(), bad('restored'), bad('restored')).state).toBe('error');
    expect(play(good(), bad('restore_failed')).state).toBe('error');
  });
});

describe('a node without a pinned host key', () => {
  it('waits as pending_sync however long it takes', () => {
    expect(play(...Array.from({ length: 10 }, () => bad('hostkey_unpinned')))).toMatchObject({
      state: 'pending_sync',
      cause: 'hostkey_unpinned',
    });
  });
});

describe('a hold', () => {
  it.each(untried)('%s leaves a verified node active', (cause) => {
    const held = play(good(), bad(cause, { reachable: false, evidence: '' }));
    expect(held).toEqual(play(good()));
  });

  it.each(untried)('%s shows on a node that is behind, without counting as an attempt', (cause) => {
    const behind = expecting(play(good()), planB, minute(1).now);
    expect(
      advance(behind, bad(cause, { reachable: false, facts: undefined }), minute(2, { desired: planB })),
    ).toMatchObject({
      state: 'pending_sync',
      cause,
      lastAttempt: minute(0).now,
      lastError: undefined,
      rungs: ['digest', 'parsed'],
      bootId: 'boot-1',
    });
  });

  it('does not verify a hint', () => {
    expect(play([bad('paused', { reachable: false }), midPass])).toMatchObject({
      state: 'pending_sync',
      hint: true,
    });
  });
});

describe('a newer plan', () => {
  it('makes an active node pending_sync before the push', () => {
    expect(expecting(play(good()), planB, minute(5).now)).toMatchObject({
      state: 'pending_sync',
      cause: 'waiting_retry',
      evidence: 'a newer plan waits',
      desired: planB,
      installed: planA,
      since: minute(5).now,
    });
  });

  it('changes nothing where it is the same plan', () => {
    const status = play(good());
    expect(expecting(status, planA, minute(5).now)).toBe(status);
  });

  it('leaves another cause in place', () => {
    expect(expecting(play(bad('auth')), planB, minute(5).now)).toMatchObject({
      state: 'error',
      cause: 'auth',
      desired: planB,
    });
  });

  it('that returns to what is installed needs the push to be active again', () => {
    const there = expecting(play(good()), planB, minute(1).now);
    const back = expecting(there, planA, minute(2).now);
    expect(back.state).toBe('pending_sync');
    expect(advance(back, good(), minute(3)).state).toBe('active');
  });
});

describe('evidence', () => {
  it('is one printable line of at most 200 bytes', () => {
    const { evidence } = play(bad('io', { evidence: `\u001b[31m${'ä\n'.repeat(300)}` }));
    expect(Buffer.byteLength(evidence)).toBeLessThanOrEqual(200);
    expect(evidence).not.toMatch(/\p{Cc}/u);
  });
});

describe('any story', () => {
  const step = fc.record({
    outcome: fc.oneof(
      fc.constant(good()),
      fc.constant(good(node1, planB)),
      fc
        .record({ cause: fc.constantFrom(...all), reachable: fc.boolean() })
        .map(({ cause, reachable }) => bad(cause, { reachable })),
    ),
    desired: fc.constantFrom(planA, planB),
    passEnded: fc.boolean(),
    newer: fc.option(fc.constantFrom(planA, planB), { nil: undefined }),
  });

  it('keeps the invariants of the header', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), (steps) => {
        let status: NodeStatus | undefined;
        for (const [index, { outcome, desired, passEnded, newer }] of steps.entries()) {
          const before = status;
          status = advance(status, outcome, minute(index % 60, { desired, passEnded }));
          if (status.state === 'active')
            expect(outcome.ok || (before?.state === 'active' && untried.includes(outcome.cause))).toBe(true);
          if (status.state === 'active') expect(status.cause).toBeUndefined();
          else expect(status.cause).toBeDefined();
          if (!outcome.ok && causeOf(outcome.cause).offline) expect(status.state).toBe('pending_sync');
          if (outcome.ok && before?.desired !== undefined && before.desired !== desired)
            expect(status.state).toBe('pending_sync');
          if (newer !== undefined) status = expecting(status, newer, minute(index % 60).now);
        }
      }),
      { numRuns: 500 },
    );
  });
});
