import { causeOf, type CauseClass } from '../model/cause.ts';
import type { Outcome } from '../model/outcome.ts';
import type { ReconcileSettings } from './ports.ts';

/** What follows an attempt: nothing, another attempt of the pass, a later pass, or waiting for the node to come back. */
export type Next =
  | { readonly kind: 'settled' }
  | { readonly kind: 'attempt'; readonly delayMs: number }
  | { readonly kind: 'pass'; readonly delayMs: number }
  | { readonly kind: 'presence' };

/** Faults of ours or of a person's making that another attempt seconds later cannot mend, though they are no `error`. */
const notWorthAnAttempt: ReadonlySet<CauseClass> = new Set([
  'hostkey_unpinned',
  'paused',
  'frozen',
  'rollout_waiting',
  'drift_observed',
  'observing',
  'no_plan',
]);

/**
 * Decides what follows the `attempt`-th attempt (from 1) of a pass. Offline nodes are not retried here: their return is noticed.
 * A class that needs a person is looked at again only with the hourly reconciliation or a push.
 */
export function nextAfter(
  outcome: Outcome,
  attempt: number,
  passes: number,
  settings: ReconcileSettings,
): Next {
  if (outcome.ok) return { kind: 'settled' };
  const cause = causeOf(outcome.cause);
  if (cause.offline) return { kind: 'presence' };
  if (cause.kind === 'stalled' || notWorthAnAttempt.has(outcome.cause)) return { kind: 'settled' };
  if (attempt < settings.attempts) {
    return { kind: 'attempt', delayMs: settings.delayMs * settings.factor ** (attempt - 1) };
  }
  const delayMs = settings.delayMs * settings.factor ** (settings.attempts - 1 + passes);
  return { kind: 'pass', delayMs: Math.min(delayMs, settings.maxDelayMs) };
}
