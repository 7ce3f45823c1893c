import { join } from 'node:path';
import type { Settings } from '../config/settings.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { RolloutPolicy } from '../model/rollout.ts';
import { parseShare } from '../model/share.ts';
import { Rollout } from '../reconcile/rollout.ts';
import { DurableDrift } from '../store/drift.ts';
import type { Durable } from '../store/durable.ts';
import { DurableRollouts } from '../store/rollouts.ts';

/** How changes reach the fleet: the rollout, drift, and the settings of both as they are now. */
export async function openSteering(
  settings: Settings,
  parts: { readonly durable: Durable; readonly clock: Clock; readonly log: Logger },
) {
  const { durable, clock, log } = parts;
  const { stateDirectory } = settings.daemon;
  const live = { policy: policyOf(settings), drift: settings.drift };
  const memory = await DurableRollouts.open({ durable, copyFile: join(stateDirectory, 'rollout.json'), log });
  return {
    rollout: new Rollout({ memory, policy: () => live.policy, clock, log }),
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

/** The policy as the decision takes it; the schema has refused every entry that is no share. */
function policyOf({ rollout }: Settings): RolloutPolicy {
  const share = (entry: number | string) => parseShare(entry, 0) ?? { count: 0 };
  const { batches, canaries, maxFailed, maxUnreachable, onFailure, soakMs } = rollout;
  return {
    batches: batches.map(share),
    canaries,
    maxFailed: share(maxFailed),
    maxUnreachable: share(maxUnreachable),
    onFailure,
    soakMs,
  };
}
