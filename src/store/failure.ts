import { messageOf } from '../lib/errors.ts';
import { evidenceOf } from '../lib/text.ts';
import { NewerShape } from './migrate.ts';
import type { StoreFailure } from './protocol.ts';

// Primary result codes of SQLite that say something about the file, not about the call.
const corrupt = 11;
const notADatabase = 26;
const aboutTheDisk: ReadonlySet<number> = new Set([3, 5, 6, 8, 10, 13, 14]);

/** What an error of SQLite means for us. */
export function failureOf(error: unknown): StoreFailure {
  const message = evidenceOf(messageOf(error));
  if (error instanceof NewerShape) return { kind: 'newer', message };
  const code = (error as { errcode?: unknown }).errcode;
  // Extended codes carry the primary one in their low byte.
  const primary = typeof code === 'number' ? code & 0xff : undefined;
  if (primary === corrupt || primary === notADatabase) return { kind: 'damaged', message };
  return { kind: primary !== undefined && aboutTheDisk.has(primary) ? 'io' : 'fault', message };
}
