import { causeOf, remedyFor } from '../model/cause.ts';
import type { Node } from '../model/node.ts';
import type { Outcome } from '../model/outcome.ts';
import type { Logger } from '../lib/logger.ts';
import type { Next } from './schedule.ts';

/** How a command logs outcomes: its report names how each node ended, so that only what still goes on is news. */
export function tellAttempt(log: Logger, node: Node, what: { outcome: Outcome; next: Next }): void {
  if (what.next.kind === 'attempt') tellOutcome(log, node, what);
}

/** One line a node and attempt, which reads as a sentence; a look that found all well is not news. */
export function tellOutcome(
  log: Logger,
  node: Node,
  { outcome, next }: { outcome: Outcome; next: Next },
): void {
  const { name } = node;
  if (outcome.ok) {
    const fields = {
      node: node.id,
      digest: outcome.installed.slice(0, 12),
      verified: outcome.rungs.join(' '),
      ...(outcome.notes.length > 0 ? { notes: outcome.notes.join(' ') } : {}),
    };
    if (outcome.changed) log.success(`synced and verified: ${name}`, fields);
    else log.debug(`verified, nothing to change: ${name}`, fields);
    return;
  }
  const cause = causeOf(outcome.cause);
  const fields = { node: node.id, cause: outcome.cause, evidence: outcome.evidence };
  if (outcome.cause === 'paused' || outcome.cause === 'frozen')
    log.info(`${name} is not pushed: ${outcome.evidence}`, { node: node.id });
  else if (cause.offline) log.warn(`${name} is not reachable; it is pushed when it returns`, fields);
  else if (next.kind === 'attempt')
    log.warn(`${name} failed; next attempt in ${String(Math.round(next.delayMs / 1000))} s`, fields);
  else log.error(`${name} is not in step`, { ...fields, remedy: remedyFor(outcome.cause, node) });
}
