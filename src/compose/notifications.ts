import type { Settings } from '../config/settings.ts';
import type { ControllerStatus } from '../contract/report.ts';
import { waited, type Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { Random } from '../lib/random.ts';
import { conditionKeys } from '../notify/alert.ts';
import { fileMemory } from '../notify/memory.ts';
import { Notifier } from '../notify/notifier.ts';
import type { ControllerParts } from '../reconcile/parts.ts';
import { conditions } from './conditions.ts';

export interface NotificationParts {
  readonly engine: { readonly parts: Pick<ControllerParts, 'fleet' | 'status' | 'registry'> };
  readonly status: () => Promise<ControllerStatus>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** What tells people; `close` gives what is being delivered a moment. */
export interface Notifications {
  close(): Promise<void>;
}

const lookMs = 5_000;

/**
 * Listens to the statuses of the nodes and looks at the controller every few seconds. Call it before the first outcome.
 */
export async function openNotifications(
  { notify, daemon }: Settings,
  parts: NotificationParts,
): Promise<Notifications> {
  const { engine, clock, random, log } = parts;
  const { fleet, status, registry } = engine.parts;
  const notifier = new Notifier({
    ...{ settings: notify, clock, random, log },
    memory: fileMemory(daemon.stateDirectory),
    nodeOf: (id) => fleet.effective()?.nodes.get(id),
    cluster: () => fleet.effective()?.clusterInfo.name ?? 'sync-controller',
  });
  await notifier.open();
  const leave = status.subscribe(notifier.status);
  const stop = new AbortController();
  const looking = (async () => {
    for (let isFirst = true; await waited(clock, lookMs, stop.signal);) {
      const { snapshot, sourceState } = registry.current();
      // What was removed while nobody watched fails no more; only a source that was really read can say so.
      if (isFirst && sourceState === 'fresh' && snapshot?.complete === true) {
        notifier.registered(snapshot.nodes);
        isFirst = false;
      }
      const now = await parts.status();
      for (const key of conditionKeys) notifier.condition(key, conditions[key](now));
    }
  })();
  return {
    close: async () => {
      stop.abort();
      leave();
      await looking;
      await notifier.close();
    },
  };
}
