import { SyncError } from '../lib/errors.ts';

/** A part of the controller that not every one offers. @throws SyncError `unavailable` where this one does not. */
export function offered<T>(part: T | undefined, what: string): T {
  if (part !== undefined) return part;
  throw new SyncError('unavailable', `${what}: expected a daemon that offers it, got one that does not`, {
    remedy: 'upgrade the daemon',
  });
}
