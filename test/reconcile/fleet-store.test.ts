import { describe, expect, it } from 'vitest';
import { Fleet } from '../../src/reconcile/fleet.ts';
import { defaultGuardLimits } from '../../src/plan/guard-types.ts';
import { snapshotOf } from '../plan/registry-of.ts';

describe('the fleet beside a disk that is full', () => {
  it('plans all the same, says so, and stores what is in force with the next update', async () => {
    const warnings: string[] = [];
    let room = false;
    let saved = 0;
    const fleet = new Fleet({
      keeper: {
        load: () => Promise.resolve(undefined),
        save: () => {
          if (!room) return Promise.reject(new Error('no space left on device'));
          saved += 1;
          return Promise.resolve();
        },
      },
      approvals: { all: () => new Set(), spend: () => Promise.resolve() },
      limits: defaultGuardLimits,
      warn: (message) => warnings.push(message),
    });
    const snapshot = snapshotOf({});
    const { changed } = await fleet.update(snapshot, 'cluster-0001');
    expect(changed).toEqual([...snapshot.nodes.keys()]);
    expect(fleet.effective()?.digest).toBe(snapshot.digest);
    expect(warnings).toEqual(['what is in force could not be stored: no space left on device']);
    room = true;
    await fleet.update(snapshot, 'cluster-0001');
    await fleet.update(snapshot, 'cluster-0001');
    expect(saved).toBe(1);
  });
});
