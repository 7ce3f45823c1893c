import type { Settings } from '../config/settings.ts';
import type { ReconcileSettings } from '../reconcile/ports.ts';

export type LiveLimits = { -readonly [Name in keyof ReconcileSettings]: number };

/** The limits that every attempt reads anew. */
export function limitsOf({ retry, push }: Settings): LiveLimits {
  const { attempts, delayMs, factor, maxDelayMs } = retry;
  const { parallel, deadlineMs, loadMs, confirmSeconds } = push;
  return { attempts, delayMs, factor, maxDelayMs, parallel, deadlineMs, loadMs, confirmSeconds };
}

/** Takes new settings while running: the limits count at once, what was built from its settings needs a restart. @returns those sections. */
export function applyLimits(next: Settings, first: Settings, limits: LiveLimits): readonly string[] {
  Object.assign(limits, limitsOf(next), { parallel: limits.parallel });
  const live: readonly (keyof Settings)[] = ['retry', 'push', 'log', 'rollout', 'drift'];
  const isChanged = (section: keyof Settings): boolean =>
    JSON.stringify(next[section]) !== JSON.stringify(first[section]);
  return (Object.keys(first) as (keyof Settings)[]).filter(
    (section) => !live.includes(section) && isChanged(section),
  );
}
