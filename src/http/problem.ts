import { SyncError, messageOf, type ExitName } from '../lib/errors.ts';
import { veil } from '../lib/veil.ts';
import type { Problem } from '../contract/routes.ts';

/** The HTTP status of each named exit. */
const statuses: Readonly<Record<ExitName, number>> = {
  ok: 200,
  failure: 500,
  changes: 200,
  rolledBack: 409,
  rollbackFailed: 409,
  usage: 400,
  data: 422,
  notFound: 404,
  unavailable: 503,
  internal: 500,
  conflict: 409,
  permission: 403,
  config: 500,
};

/** A refusal of the door itself, before the controller is asked anything. */
export class Refusal extends SyncError {
  readonly status: number;

  constructor(status: number, exit: ExitName, message: string, remedy?: string) {
    super(exit, message, remedy === undefined ? {} : { remedy });
    this.name = 'Refusal';
    this.status = status;
  }
}

/** A failure as it travels, with its HTTP status. A fault of ours is named, its stack stays here. */
export function problemOf(error: unknown): { readonly status: number; readonly problem: Problem } {
  if (!(error instanceof SyncError))
    return {
      status: 500,
      problem: {
        exit: 'internal',
        message: `unexpected failure of the daemon: ${veil(messageOf(error))}`,
        remedy: 'syncctl logs -n 50',
      },
    };
  const { exit, remedy } = error;
  const message = veil(error.message);
  const status = error instanceof Refusal ? error.status : statuses[exit];
  return { status, problem: { exit, message, ...(remedy === undefined ? {} : { remedy }) } };
}
