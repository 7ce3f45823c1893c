/** The named exit codes of `syncctl`; docs/errors.md prints them. */
export const exitCodes = {
  ok: 0,
  /** Something selected is not verified, or the command could not do its work. */
  failure: 1,
  /** `plan`: a push would change something. */
  changes: 2,
  /** A rollout has stopped, and its revision was taken back from the nodes. */
  rolledBack: 3,
  /** A rollout has stopped, and taking its revision back has failed on at least one node. */
  rollbackFailed: 4,
  /** Wrong words on the command line. */
  usage: 64,
  /** An input is invalid: registry, settings or argument value. */
  data: 65,
  /** A node, service or domain of that name does not exist. */
  notFound: 66,
  /** A source, daemon or node needed for the command cannot be reached. */
  unavailable: 69,
  /** A fault of ours. */
  internal: 70,
  /** Another process holds the term, the lock, or changed the same object. */
  conflict: 75,
  /** Rights are missing. */
  permission: 77,
  /** The settings file is wrong. */
  config: 78,
} as const;
export type ExitName = keyof typeof exitCodes;

/** A refusal or failure a person reads: one sentence, what to do, and the exit code it ends a command with. */
export class SyncError extends Error {
  readonly exit: ExitName;
  readonly remedy: string | undefined;

  constructor(exit: ExitName, message: string, options: { remedy?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'SyncError';
    this.exit = exit;
    this.remedy = options.remedy;
  }
}

/** Text of anything thrown, without a stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Narrowing that fails to compile when a case is forgotten. */
export function assertNever(value: never): never {
  throw new SyncError('internal', `unexpected value ${JSON.stringify(value)}`);
}
