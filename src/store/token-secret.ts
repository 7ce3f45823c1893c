import { createHash } from 'node:crypto';
import { SyncError } from '../lib/errors.ts';
import type { Random } from '../lib/random.ts';
import type { Durable } from './durable.ts';

/** What tokens begin with: those of people and programs for the API, and those of nodes. */
export type TokenPrefix = 'sct' | 'scn';

/** A new secret: 256 random bits behind its prefix. */
export function newSecret(prefix: TokenPrefix, random: Random): string {
  return `${prefix}_${random.hex(32)}`;
}

/** What is kept of a secret; undefined for what can be none. Whoever finds one by the time that a lookup takes has broken SHA-256. */
export function keptOf(prefix: TokenPrefix, secret: string): string | undefined {
  return new RegExp(`^${prefix}_[0-9a-f]{64}$`, 'u').test(secret) ? hashOf(secret) : undefined;
}

export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** Nobody can be told apart by a damaged store. @throws SyncError `unavailable`, with the store's own remedy. */
export function needReadable(durable: Durable, what: string): void {
  const state = durable.state();
  if (!state.available)
    throw new SyncError('unavailable', `${what}: expected a readable durable.db, got ${state.reason}`, {
      remedy: state.remedy,
    });
}
