import { SyncError } from '../lib/errors.ts';
import type { ControllerParts } from './parts.ts';

type Standing = Pick<ControllerParts, 'standing' | 'decisions' | 'fleet'>;

/**
 * What it only observes, it changes for nobody.
 * @throws SyncError `conflict` from a controller that only observes.
 */
export function mustNotObserve({ standing }: Pick<Standing, 'standing'>, what: string): void {
  const { kind, reason } = standing.state();
  if (kind === 'observing')
    throw new SyncError(
      'conflict',
      `${what}: expected a controller that may write, got one of which ${reason}`,
      {
        remedy: 'syncctl adopt',
      },
    );
}

/** @throws SyncError `conflict` where nothing may be written to any node now, with the command that ends that. */
export function mustWrite(parts: Standing, what: string): void {
  const { kind, reason } = parts.standing.state();
  if (kind === 'writing' || kind === 'reasserting') return;
  const remedy = {
    paused: pauseRemedy(parts),
    rival: 'syncctl term take --reason "…"',
    'no-term': 'syncctl doctor',
    observing: 'syncctl adopt',
  }[kind];
  throw new SyncError('conflict', `${what}: expected a controller that may write, got ${kind}: ${reason}`, {
    remedy,
  });
}

/** A registry's annotation is the admin's own; a command takes back only what a command has said. */
export function pauseRemedy({ decisions, fleet }: Standing): string {
  return decisions.pausedBy('all') === undefined
    ? `remove the annotation sync-controller/paused from ${(fleet.effective()?.paused ?? []).join(', ')}`
    : 'syncctl resume';
}
