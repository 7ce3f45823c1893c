import type { Settings } from '../config/settings.ts';
import type { Notices } from '../contract/notices.ts';
import type { Clock } from '../lib/clock.ts';
import type { Fleet } from '../reconcile/fleet.ts';

/** Test messages, sent by whoever is the controller; what sends them is loaded with the first. */
export function noticesOf(
  { notify }: Pick<Settings, 'notify'>,
  fleet: Fleet,
  clock: Clock,
): Pick<Notices, 'test'> {
  const cluster = (): string => fleet.effective()?.clusterInfo.name ?? 'sync-controller';
  return {
    test: async ({ target }) => {
      const { testTargets } = await import('../notify/test-targets.ts');
      return { results: await testTargets(target, { settings: notify, clock, cluster }) };
    },
  };
}
