import type { CauseClass } from '../model/cause.ts';
import { resultCodes, type Result } from '../wire/results.ts';

/** The cause class of every refusal of a receiver; results that are no refusal have none. */
const causeOfResult: Readonly<Record<Result, CauseClass | undefined>> = {
  INSTALLED: undefined,
  UNCHANGED: undefined,
  CHECKED: undefined,
  CONFIRMED: undefined,
  FENCED: 'fenced',
  RIVAL: 'rival',
  STALE: 'stale',
  CONFLICT: 'conflict',
  OWNED: 'owned',
  BUSY: 'busy',
  MOVED: 'moved',
  REQUEST: 'rejected_request',
  TRUNCATED: 'transfer',
  ALTERED: 'transfer',
  UNSUPPORTED: 'receiver_outdated',
  KIND: 'target_unknown',
  INVALID: 'invalid_document',
  MARKERS: 'markers',
  TARGET: 'target_refused',
  DAMAGED: 'damaged_record',
  NOSPACE: 'enospc',
  READONLY: 'readonly',
  IO: 'io',
  DEADLINE: 'deadline',
  RESTORED: 'restored',
  RESTORE_FAILED: 'restore_failed',
  REJECTED: 'consumer_down',
  CONSUMER_DOWN: 'consumer_down',
  ROOT: 'rejected_request',
};

/** The cause class of a result, or undefined where the result is a success. */
export function causeForResult(result: Result): CauseClass | undefined {
  return causeOfResult[result];
}

/** True where the node took the request as its newest, whatever its consumer said of it afterwards. */
export function isAccepted(result: string): boolean {
  const code = Object.hasOwn(resultCodes, result) ? resultCodes[result as Result] : undefined;
  return code === 0 || (code !== undefined && code >= resultCodes.RESTORED && code < resultCodes.ROOT);
}
