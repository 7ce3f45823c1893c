import type { Settings } from '../config/settings.ts';
import type { LanePolicy, RolloutPolicy } from '../model/rollout.ts';
import { parseShare } from '../model/share.ts';

type Written = Omit<Settings['rollout'], 'types' | 'onFailure'>;

/** The policy as the decision takes it; the schema has refused every entry that is no share. */
export function policyOf({ rollout }: Pick<Settings, 'rollout'>): RolloutPolicy {
  const { types, onFailure, ...common } = rollout;
  const own = Object.entries(types).map(
    ([type, given]) => [type, laneOf({ ...common, ...withoutGaps(given) })] as const,
  );
  return {
    ...laneOf(common),
    onFailure,
    ...(own.length === 0 ? {} : { types: Object.fromEntries(own) }),
  };
}

/** What a type does not say for itself it has from the others. */
function withoutGaps(given: { readonly [K in keyof Written]?: Written[K] | undefined }): Partial<Written> {
  const { batches, canaries, maxFailed, maxUnreachable, soakMs } = given;
  return {
    ...(batches === undefined ? {} : { batches }),
    ...(canaries === undefined ? {} : { canaries }),
    ...(maxFailed === undefined ? {} : { maxFailed }),
    ...(maxUnreachable === undefined ? {} : { maxUnreachable }),
    ...(soakMs === undefined ? {} : { soakMs }),
  };
}

function laneOf({ batches, canaries, maxFailed, maxUnreachable, soakMs }: Written): LanePolicy {
  const share = (entry: number | string) => parseShare(entry, 0) ?? { count: 0 };
  return {
    batches: batches.map(share),
    canaries,
    maxFailed: share(maxFailed),
    maxUnreachable: share(maxUnreachable),
    soakMs,
  };
}
