/**
 * The state machine of one node. States and their exits:
 *
 *   active        every rung the node has agreed with the plan, at `lastSync`
 *                   -> pending_sync  offline, a failed attempt, or a newer plan waits
 *                   -> error         a cause that needs a person
 *   pending_sync  will retry by itself
 *                   -> active        verified
 *                   -> error         the second failed pass in a row of a reachable node, or a cause that needs a person
 *   error         a person has to look
 *                   -> active        verified
 *                   -> pending_sync  offline, or another cause with less than two failed passes
 *
 * Invariants: offline is never `error`; only a verified outcome for the newest plan gives `active`; a consumer that got its
 * fallback back (`restored`) is a failure; nothing here reads a clock.
 */
import type { Digest } from '../model/bundle.ts';
import { causeOf, type CauseClass } from '../model/cause.ts';
import type { NodeId } from '../model/node.ts';
import type { Outcome } from '../model/outcome.ts';
import type { NodeState, NodeStatus } from '../model/status.ts';
import { evidenceOf } from '../lib/text.ts';

/** What surrounds an outcome. */
export interface Moment {
  /** ISO 8601 in UTC, seconds. */
  readonly now: string;
  /** Digest that the attempt was to bring. */
  readonly desired: Digest | undefined;
  /** True when no further attempt follows by itself within this pass. */
  readonly passEnded: boolean;
}

/** Failed passes in a row after which a reachable node is `error`. */
export const passesUntilError = 2;

/** Nobody looked at the node: these say why nothing was tried. */
const untried: ReadonlySet<CauseClass> = new Set(['paused', 'frozen', 'rollout_waiting', 'waiting_retry']);

/** Wait for a person's decision without being a failure of the node, however long it takes. */
const neverCounted: ReadonlySet<CauseClass> = new Set([
  'hostkey_unpinned',
  'drift_observed',
  'observing',
  ...untried,
]);

/** Managed bytes that these causes prove to be other than the last verified ones. */
const bytesLost: ReadonlySet<CauseClass> = new Set([
  'drift',
  'drift_observed',
  'restored',
  'restore_failed',
  'unconfirmed',
  'rollback_failed',
  'node_reset',
]);

/** The status after one attempt. */
export function advance(previous: NodeStatus | undefined, outcome: Outcome, moment: Moment): NodeStatus {
  const before = previous ?? unknownStatus(outcome.id, moment.now);
  return outcome.ok ? verified(before, outcome, moment) : failed(before, outcome, moment);
}

/** The status once a newer plan is known: what was active is so only for the plan it was verified against. */
export function expecting(status: NodeStatus, desired: Digest | undefined, now: string): NodeStatus {
  if (status.desired === desired) return status;
  const next = { ...status, desired };
  const behind = status.state === 'active' && status.desired !== undefined && desired !== status.installed;
  return behind
    ? moved(
        status,
        { ...next, state: 'pending_sync', cause: 'waiting_retry', evidence: 'a newer plan waits' },
        now,
      )
    : next;
}

/** A node nobody has looked at yet. */
export function unknownStatus(id: NodeId, now: string): NodeStatus {
  return {
    id,
    state: 'pending_sync',
    cause: 'waiting_retry',
    evidence: 'not verified yet',
    since: now,
    lastSync: undefined,
    lastAttempt: undefined,
    lastError: undefined,
    installed: undefined,
    desired: undefined,
    rungs: [],
    bootId: undefined,
    failedPasses: 0,
    hint: true,
  };
}

function verified(before: NodeStatus, outcome: Outcome & { ok: true }, moment: Moment): NodeStatus {
  const seen = {
    ...before,
    lastSync: moment.now,
    lastAttempt: moment.now,
    lastError: undefined,
    installed: outcome.installed,
    rungs: outcome.rungs,
    bootId: outcome.facts.boot,
    failedPasses: 0,
    hint: false,
  };
  const superseded =
    before.desired !== undefined && moment.desired !== undefined && before.desired !== moment.desired;
  const next = superseded
    ? ({ ...seen, state: 'pending_sync', cause: 'waiting_retry', evidence: 'a newer plan waits' } as const)
    : ({
        ...seen,
        state: 'active',
        cause: undefined,
        evidence: '',
        desired: moment.desired ?? before.desired,
      } as const);
  return moved(before, next, moment.now);
}

function failed(before: NodeStatus, outcome: Outcome & { ok: false }, moment: Moment): NodeStatus {
  const desired = before.desired ?? moment.desired;
  // Under a pause nobody asked the node: what was verified stays verified as long as the plan is the same.
  if (untried.has(outcome.cause) && before.state === 'active' && !before.hint) return { ...before, desired };
  const { offline } = causeOf(outcome.cause);
  const tried = !untried.has(outcome.cause);
  const failedPasses = passesAfter(before, outcome, moment);
  const next: NodeStatus = {
    ...before,
    state: stateAfter(outcome.cause, failedPasses),
    cause: outcome.cause,
    evidence: evidenceOf(outcome.evidence),
    desired,
    lastAttempt: tried ? moment.now : before.lastAttempt,
    lastError: tried && !offline ? moment.now : before.lastError,
    installed: bytesLost.has(outcome.cause) ? undefined : before.installed,
    rungs: tried ? [] : before.rungs,
    bootId: outcome.facts?.boot ?? before.bootId,
    failedPasses,
    hint: before.hint && !tried,
  };
  return moved(before, next, moment.now);
}

/** Only passes that reached the node count, and only in a row: an absence in between begins anew. */
function passesAfter(before: NodeStatus, outcome: Outcome & { ok: false }, moment: Moment): number {
  if (neverCounted.has(outcome.cause)) return before.failedPasses;
  if (causeOf(outcome.cause).offline || !outcome.reachable) return 0;
  return before.failedPasses + (moment.passEnded ? 1 : 0);
}

function stateAfter(cause: CauseClass, failedPasses: number): NodeState {
  const { kind, offline } = causeOf(cause);
  if (offline || neverCounted.has(cause)) return 'pending_sync';
  return kind === 'stalled' || failedPasses >= passesUntilError ? 'error' : 'pending_sync';
}

/** `since` is the moment of the last change of state or cause. */
function moved(before: NodeStatus, next: NodeStatus, now: string): NodeStatus {
  return before.state === next.state && before.cause === next.cause
    ? { ...next, since: before.since }
    : { ...next, since: now };
}
