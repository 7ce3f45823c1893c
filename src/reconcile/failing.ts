import type { CauseClass } from '../model/cause.ts';
import type { NodeStatus } from '../model/status.ts';
import { isOfTheNode } from '../plan/rollout-step.ts';

/** How a node fails with what it is to have now; undefined where it does not, or where only the way to it fails. */
export function failingOf(status: NodeStatus | undefined): CauseClass | undefined {
  const cause = status?.state === 'active' ? undefined : status?.cause;
  return cause !== undefined && isOfTheNode(cause) ? cause : undefined;
}
