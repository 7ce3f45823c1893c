import { join } from 'node:path';
import type { Settings } from '../config/settings.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { keepingLater, type LaterWrites } from '../reconcile/later-writes.ts';
import { renderedFile, type BytesKeeper } from '../reconcile/rendered-file.ts';
import { Rollout } from '../reconcile/rollout.ts';
import { DurableDrift } from '../store/drift.ts';
import type { Durable } from '../store/durable.ts';
import { DurableRollouts } from '../store/rollouts.ts';
import { policyOf } from './rollout-policy.ts';

/** How changes reach the fleet: the rollout, drift, and the settings of both as they are now. */
export async function openSteering(
  settings: Settings,
  parts: {
    readonly durable: Durable;
    readonly clock: Clock;
    readonly log: Logger;
    /** Where what planning keeps may have to wait. */
    readonly later: LaterWrites;
  },
) {
  const { durable, clock, log, later } = parts;
  const { stateDirectory } = settings.daemon;
  const live = { policy: policyOf(settings), drift: settings.drift };
  const kept = await DurableRollouts.open({ durable, copyFile: join(stateDirectory, 'rollout.json'), log });
  const memory = keepingLater(kept, later);
  const file = renderedFile(join(stateDirectory, 'rendered.bin'));
  const bytes: BytesKeeper = {
    load: () => file.load(),
    save: (bytesKept) => later.write('bytes', () => file.save(bytesKept)),
    drop: () => later.write('bytes', () => file.drop()),
  };
  return {
    rollout: new Rollout({ memory, policy: () => live.policy, bytes, clock, log }),
    drift: await DurableDrift.open(durable, join(stateDirectory, 'drift.json')),
    /** What the settings say of a node's drift. */
    driftByDefault: () => live.drift,
    /** The settings were read again: they count from the next rollout on. */
    renew: (next: Settings) => {
      Object.assign(live, { policy: policyOf(next), drift: next.drift });
    },
  };
}

export type Steering = Awaited<ReturnType<typeof openSteering>>;
