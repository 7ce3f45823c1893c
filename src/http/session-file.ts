import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { hasCode, writeAtomic } from '../lib/files.ts';
import type { Logger } from '../lib/logger.ts';
import type { Random } from '../lib/random.ts';

const stateSchema = z.strictObject({
  key: z.string().regex(/^[0-9a-f]{64}$/u),
  /** Sessions that were signed out before their time -> when their time is over, in seconds. */
  ended: z.record(z.string(), z.number()),
});

/** What must outlive a restart, so that nobody has to sign in again and who signed out stays out. */
export type SessionState = z.infer<typeof stateSchema>;

export interface SessionFile {
  load(): SessionState;
  save(state: SessionState): void;
}

/** The state as a file of its own: it is in no backup, for who has the key and the digest of a token could make a session. */
export function sessionFile(path: string, random: Random, log: Logger): SessionFile {
  const save = (state: SessionState): void => {
    try {
      writeAtomic(path, `${JSON.stringify(state)}\n`, { mode: 0o600 });
    } catch (error) {
      log.warn('the sessions of the dashboard could not be stored; they end with this process', { error });
    }
  };
  return {
    save,
    load: () => {
      const kept = readState(path, log);
      if (kept !== undefined) return kept;
      const fresh = { key: random.hex(32), ended: {} };
      save(fresh);
      return fresh;
    },
  };
}

function readState(path: string, log: Logger): SessionState | undefined {
  try {
    return stateSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    if (!hasCode(error, 'ENOENT'))
      log.warn('the sessions of the dashboard could not be read; everybody signs in again', { error });
    return undefined;
  }
}
