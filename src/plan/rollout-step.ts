import { causeOf, type CauseClass } from '../model/cause.ts';
import type { NodeId } from '../model/node.ts';
import type { Outcome } from '../model/outcome.ts';
import type { RolloutPolicy, Share } from '../model/rollout.ts';
import { shareText } from '../model/share.ts';
import { byLane, lanePolicy, type Lane } from './rollout-lanes.ts';
import { shareOf } from './rollout-policy.ts';

/**
 * What the receipts of the new revision say of a node. `held`: a person keeps it out; it counts as neither good nor bad. `ailing`: it
 * fails as it did with the last good revision, which says nothing of the new one.
 */
export type Verdict = 'ok' | 'failed' | 'unreachable' | 'held' | 'ailing';

/** Nothing was tried, or a later attempt decides. */
const undecided: ReadonlySet<CauseClass> = new Set(['waiting_retry', 'rival', 'fenced', 'stale']);

/** A person has taken the node out of the rollout, or has to let it in. */
const keptOut: ReadonlySet<CauseClass> = new Set([
  'paused',
  'frozen',
  'rollout_waiting',
  'drift_observed',
  'legacy_writer',
  'observing',
  'no_plan',
]);

/** The way to the node failed: no receipt speaks of the revision. */
const wayFailed: ReadonlySet<CauseClass> = new Set([
  'throttled',
  'handshake',
  'auth',
  'key_unusable',
  'hostkey_unpinned',
  'hostkey_changed',
  'identity_mismatch',
  'sudo',
  'receiver_missing',
  'receiver_outdated',
  'requirements',
  'target_unknown',
]);

/** The node itself has refused these very bytes, or was lost by them: another attempt proves nothing. */
const decisive: ReadonlySet<CauseClass> = new Set([
  'restored',
  'restore_failed',
  'unconfirmed',
  'invalid_document',
]);

/** What an attempt with the new plan means for the rollout; undefined while it decides nothing yet. */
export function verdictOf(outcome: Outcome, passEnded: boolean): Verdict | undefined {
  if (outcome.ok) return 'ok';
  const { cause } = outcome;
  if (undecided.has(cause)) return undefined;
  if (keptOut.has(cause)) return 'held';
  if (causeOf(cause).offline) return 'unreachable';
  if (decisive.has(cause)) return 'failed';
  if (!passEnded) return undefined;
  return wayFailed.has(cause) ? 'unreachable' : 'failed';
}

/** True for a class of failure that speaks of the bytes or of what takes them, and neither of the way there nor of a person's word. */
export function isOfTheNode(cause: CauseClass): boolean {
  return !undecided.has(cause) && !keptOut.has(cause) && !wayFailed.has(cause) && !causeOf(cause).offline;
}

type Budgets = Pick<RolloutPolicy, 'maxFailed' | 'maxUnreachable'>;

/** Where a rollout stands. */
export interface Standpoint {
  readonly policy: Budgets & { readonly types?: Readonly<Partial<Record<string, Budgets>>> };
  readonly batches: readonly (readonly NodeId[])[];
  readonly released: number;
  readonly verdicts: ReadonlyMap<NodeId, Verdict>;
  readonly canaries: ReadonlySet<NodeId>;
  /** Known to be away when their batch was released: that they are silent is no news. */
  readonly away: ReadonlySet<NodeId>;
  /** Nodes that took the place of silent ones in the batch that runs. */
  readonly widened: number;
}

/** What a rollout does next. */
export type Step =
  | { readonly kind: 'next' }
  /** The batch has proved nothing: one more node of the order joins it. */
  | { readonly kind: 'widen'; readonly lane: Lane }
  | {
      readonly kind: 'wait';
      readonly on: 'answers' | 'canary' | 'unreachable' | 'proof';
      readonly nodes: readonly NodeId[];
    }
  | { readonly kind: 'stop'; readonly why: string; readonly nodes: readonly NodeId[] }
  | { readonly kind: 'done' };

// A fleet that is silent as a whole tells of our own link; drawing in node after node would release them all.
const mostWidened = 3;

/** Decides from the receipts of the new revision alone. */
export function nextStep(at: Standpoint): Step {
  if (at.released === 0) return at.batches.length === 0 ? { kind: 'done' } : { kind: 'next' };
  const broken = brokenBudget(at);
  if (broken !== undefined) return broken;
  // Of the earlier batches, too: after a restart, and where a person has let nodes in out of turn.
  const open = at.batches
    .slice(0, at.released)
    .flat()
    .filter((id) => !at.verdicts.has(id));
  if (open.length > 0) return { kind: 'wait', on: 'answers', nodes: open };
  const released = at.batches.slice(0, at.released).flat();
  const ailing = released.filter((id) => at.canaries.has(id) && at.verdicts.get(id) === 'ailing');
  if (ailing.length > 0) return { kind: 'wait', on: 'canary', nodes: ailing };
  const silent = overBudget(at, 'unreachable', 'maxUnreachable');
  if (silent !== undefined) return { kind: 'wait', on: 'unreachable', nodes: silent.nodes };
  return proofOf(at) ?? { kind: at.released >= at.batches.length ? 'done' : 'next' };
}

/** What a batch lacks whose nodes were all silent; each lane proves itself. */
function proofOf(at: Standpoint): Step | undefined {
  const current = at.batches[at.released - 1] ?? [];
  const unproved = [...byLane(current, at.policy)].filter(([lane, ids]) => !isProved(lane, ids, at));
  if (unproved.length === 0) return undefined;
  const later = byLane(at.batches.slice(at.released).flat(), at.policy);
  const lane = unproved.map(([name]) => name).find((name) => later.has(name));
  if (lane !== undefined && at.widened < mostWidened) return { kind: 'widen', lane };
  const silent = unproved
    .flatMap(([, ids]) => ids)
    .filter((id) => at.verdicts.get(id) === 'unreachable' || at.verdicts.get(id) === 'ailing');
  return { kind: 'wait', on: 'proof', nodes: silent };
}

/** A node of the batch is verified, or those that fell silent are fewer than those that are verified. */
function isProved(lane: Lane, current: readonly NodeId[], at: Standpoint): boolean {
  const { verdicts, away } = at;
  if (current.some((id) => verdicts.get(id) === 'ok')) return true;
  const all = byLane(at.batches.slice(0, at.released).flat(), at.policy).get(lane) ?? [];
  const verified = all.filter((id) => verdicts.get(id) === 'ok').length;
  const silent = all.filter((id) => verdicts.get(id) === 'unreachable' && !away.has(id)).length;
  return verified > silent;
}

function brokenBudget(at: Standpoint): Step | undefined {
  const failed = at.batches
    .slice(0, at.released)
    .flat()
    .filter((id) => at.verdicts.get(id) === 'failed');
  const canary = failed.find((id) => at.canaries.has(id));
  if (canary !== undefined) return { kind: 'stop', why: `the canary ${canary} failed`, nodes: failed };
  const over = overBudget(at, 'failed', 'maxFailed');
  return over === undefined ? undefined : { kind: 'stop', why: over.why, nodes: over.nodes };
}

/** Which nodes break a budget: a count is of the whole rollout, a percentage of each batch. */
function overBudget(at: Standpoint, verdict: Verdict, name: keyof Budgets): Over | undefined {
  const batches = at.batches.slice(0, at.released);
  const lanes = byLane(batches.flat(), at.policy);
  return [...lanes.keys()]
    .map((lane) => {
      const own = batches.map((batch) => byLane(batch, at.policy).get(lane) ?? []);
      const budget = lanePolicy<Budgets>(lane, at.policy)[name];
      return overInLane(own, at.verdicts, { verdict, budget, of: lane === 'others' ? '' : ` of ${lane}` });
    })
    .find((over) => over !== undefined);
}

interface Over {
  readonly why: string;
  readonly nodes: readonly NodeId[];
}

function overInLane(
  batches: readonly (readonly NodeId[])[],
  verdicts: Standpoint['verdicts'],
  { verdict, budget, of }: { readonly verdict: Verdict; readonly budget: Share; readonly of: string },
): Over | undefined {
  const groups = 'count' in budget ? [batches.flat()] : batches;
  for (const [index, group] of groups.entries()) {
    const nodes = group.filter((id) => verdicts.get(id) === verdict);
    const allowed = shareOf(budget, group.length, 0);
    if (nodes.length <= allowed) continue;
    const where = 'count' in budget ? '' : ` in batch ${String(index + 1)}`;
    const why = `${String(nodes.length)} of ${String(group.length)} nodes${of}${where} ${verdict === 'failed' ? 'failed' : 'cannot be reached'}, ${shareText(budget)} may`;
    return { why, nodes };
  }
  return undefined;
}
