import type { DatabaseSync } from 'node:sqlite';
import { approvalCalls, auditCalls, markCalls, pauseCalls, windowCalls } from './calls-decisions.ts';
import { driftCalls, rolloutCalls } from './calls-rollouts.ts';
import { targetCalls, termCalls } from './calls-memory.ts';
import { nodeTokenCalls } from './calls-node-tokens.ts';
import { tokenCalls } from './calls-tokens.ts';
import { tombstoneCalls } from './calls-tombstones.ts';

/** Everything that can be asked of `durable.db`; runs in the worker, on one connection. */
export function durableCalls(db: DatabaseSync) {
  return {
    ...approvalCalls(db),
    ...pauseCalls(db),
    ...windowCalls(db),
    ...markCalls(db),
    ...auditCalls(db),
    ...tombstoneCalls(db),
    ...targetCalls(db),
    ...termCalls(db),
    ...rolloutCalls(db),
    ...driftCalls(db),
    ...tokenCalls(db),
    ...nodeTokenCalls(db),
  };
}

export type Calls = ReturnType<typeof durableCalls>;
export type CallName = keyof Calls;
