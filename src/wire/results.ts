/** Every answer a receiver gives, with its exit code (docs/protocol.md). */
export const resultCodes = {
  INSTALLED: 0,
  UNCHANGED: 0,
  CHECKED: 0,
  CONFIRMED: 0,
  FENCED: 10,
  RIVAL: 11,
  STALE: 12,
  CONFLICT: 13,
  OWNED: 14,
  BUSY: 15,
  MOVED: 16,
  REQUEST: 20,
  TRUNCATED: 21,
  ALTERED: 22,
  UNSUPPORTED: 23,
  KIND: 24,
  INVALID: 30,
  MARKERS: 31,
  TARGET: 32,
  DAMAGED: 33,
  NOSPACE: 40,
  READONLY: 41,
  IO: 42,
  DEADLINE: 43,
  RESTORED: 50,
  RESTORE_FAILED: 51,
  REJECTED: 52,
  CONSUMER_DOWN: 53,
  ROOT: 60,
} as const satisfies Record<string, number>;

export type Result = keyof typeof resultCodes;

/** The names of all results, for the receipt's schema. */
export const resultNames = Object.keys(resultCodes) as [Result, ...Result[]];
