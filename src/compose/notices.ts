import type { Settings } from '../config/settings.ts';
import type { Notices } from '../contract/notices.ts';
import type { Clock } from '../lib/clock.ts';
import type { Fleet } from '../reconcile/fleet.ts';
import type { DurableDecisions } from '../store/decisions.ts';

export interface NoticeGround {
  readonly fleet: Pick<Fleet, 'effective'>;
  readonly decisions: Pick<DurableDecisions, 'audit'>;
  readonly clock: Clock;
}

/** Test messages, sent by whoever is the controller; what sends them is loaded with the first. */
export function noticesOf({ notify }: Pick<Settings, 'notify'>, ground: NoticeGround): Notices {
  const { fleet, decisions, clock } = ground;
  const cluster = (): string => fleet.effective()?.clusterInfo.name ?? 'sync-controller';
  return {
    test: async ({ target, actor }) => {
      // A store that is damaged must not keep a person from testing what would tell of it.
      await decisions.audit(actor, 'notify test', target ?? 'all').catch(() => undefined);
      const { testTargets } = await import('../notify/test-targets.ts');
      return { results: await testTargets(target, { settings: notify, clock, cluster }) };
    },
  };
}
