import type { RolloutReport } from '../../contract/rollout-report.ts';
import { printable } from '../../lib/text.ts';
import { pinnedPhases } from '../../model/rollout.ts';
import type { Call } from '../call.ts';
import { counted } from '../words.ts';
import { pairs } from './pairs.ts';
import { listed } from './progress.ts';
import { table } from './table.ts';

/** True where the revision is not pushed any more. */
export function isPinnedPhase(phase: RolloutReport['phase']): boolean {
  return pinnedPhases.has(phase);
}

/** A revision as people read it. */
export function shortRevision(revision: string): string {
  return revision.slice(0, 12);
}

/** One sentence about a rollout, with the command that ends what waits for a person. */
export function rolloutLine(rollout: RolloutReport): string {
  const { number, phase, released, batches, note, since, who, end } = rollout;
  const name = `rollout ${String(number)} of revision ${shortRevision(rollout.revision)}`;
  const why = note === '' ? '' : `: ${note}`;
  const ends = end === null ? '' : `; end it with: ${end}`;
  const all = batches.reduce((sum, batch) => sum + batch.nodes, 0);
  const verified = batches.reduce((sum, batch) => sum + batch.verified, 0);
  const stand = `batch ${String(released)} of ${String(batches.length)}, ${String(verified)} of ${String(all)} nodes verified`;
  switch (phase) {
    case 'running':
      return `${name} is at ${stand}${waitText(rollout)}; stop it with: syncctl rollout abort`;
    case 'paused':
      return `${name} is paused at ${stand}, by ${who} since ${since}${why}${ends}`;
    case 'held':
      return `${name} has stopped at ${stand} and is pinned since ${since}${why}; nodes that have it keep it${ends}`;
    case 'rolling-back':
      return `${name} has stopped and is being taken back since ${since}${why}${ends}`;
    case 'rolled-back':
      return `${name} was taken back and is pinned since ${since}${why}${ends}`;
    case 'rollback-failed':
      return `${name} was to be taken back, which failed on ${rollout.taken === null ? 'at least one node' : counted(rollout.taken.failed, 'node')}; it is pinned since ${since}${why}${ends}`;
    case 'done':
    case 'overridden':
    case 'superseded':
      return `${name} is ${phase} since ${since}${why}`;
  }
}

function waitText({ waiting, waitingFor }: RolloutReport): string {
  const whom = listed(waitingFor);
  switch (waiting) {
    case 'answers':
      return `, waiting for ${whom}`;
    case 'canary':
      return `, waiting because a canary failed the same way before it began and can prove nothing: ${whom}; mend it, or go on past it with: syncctl push --all-at-once --reason "…"`;
    case 'unreachable':
      return `, waiting because more nodes are away than may be: ${whom}`;
    case 'proof':
      return `, waiting because nobody of the batch has answered: ${whom}`;
    case 'soak':
      return ', watching the batch';
    case null:
      return '';
  }
}

/** The page of `rollout show`. */
export function rolloutPage(rollout: RolloutReport): string {
  const { number, revision, base, phase, began, since, who, note, onFailure, failed, taken, end } = rollout;
  const page = pairs([
    ['Rollout', String(number)],
    ['Revision', shortRevision(revision)],
    ['Last good', base === null ? 'not known' : shortRevision(base)],
    ['Phase', phase],
    ['Began', began],
    ['Since', `${since}, by ${printable(who)}`],
    ['Why', note === '' ? '-' : printable(note)],
    ['Waits', waitText(rollout).replace(/^, /u, '') || '-'],
    ['On failure', onFailure],
    ...policyLines(rollout),
    ...(taken === null
      ? []
      : ([
          [
            'Taken back',
            `${String(taken.restored)} of ${String(taken.nodes)} nodes, ${String(taken.failed)} failed`,
          ],
        ] as const)),
    ['Ends with', end ?? '-'],
  ]);
  return `${page}\n${batchTable(rollout)}${failed.map(({ name, evidence }) => `${printable(`${name}: ${evidence}`)}\n`).join('')}${ailingLines(rollout).join('')}`;
}

/** What it goes by, one line for the types that have settings of their own. */
function policyLines({ policy = [] }: RolloutReport): readonly (readonly [string, string])[] {
  return policy.map(({ nodes, batches, canaries, maxFailed, maxUnreachable, soakMs }) => [
    nodes === 'others' ? 'Policy' : `Policy of ${nodes}`,
    [
      batches.length === 0 ? 'all at once' : `batches ${batches.join(', ')}`,
      ...(canaries.length === 0 ? [] : [`canaries ${printable(canaries.join(' '))} first`]),
      `${maxFailed} may fail`,
      `${maxUnreachable} may be away`,
      ...(soakMs === 0 ? [] : [`watched for ${String(soakMs / 1_000)} s`]),
    ].join('; '),
  ]);
}

/** Nodes that prove nothing, for they failed before. */
function ailingLines({ ailing = [] }: RolloutReport): readonly string[] {
  return ailing.map(
    ({ name, evidence }) =>
      `${printable(`${name}: failed the same way before this rollout, and counts neither for nor against it: ${evidence}`)}\n`,
  );
}

function batchTable({ batches, released }: RolloutReport): string {
  return table(
    ['batch', 'nodes', 'turn', 'verified', 'failed', 'failed before', 'away', 'kept out'],
    batches.map((batch, index) => [
      String(index + 1),
      String(batch.nodes),
      index < released ? 'yes' : 'no',
      String(batch.verified),
      String(batch.failed),
      String(batch.ailing ?? 0),
      String(batch.unreachable),
      String(batch.held),
    ]),
  );
}

/** What a push tells of the batches it went by. */
export function tellRollout(call: Call, rollout: RolloutReport | null | undefined): void {
  if (rollout === null || rollout === undefined) return;
  for (const [index, batch] of rollout.batches.entries()) {
    if (index >= rollout.released) break;
    const { nodes, verified, failed, unreachable, ailing = 0 } = batch;
    const before = ailing === 0 ? '' : `, ${String(ailing)} failed before it began`;
    call.note(
      failed > 0 ? 'warn' : 'info',
      `Batch ${String(index + 1)} of ${String(rollout.batches.length)}: ${counted(nodes, 'node')}, ${String(verified)} verified, ${String(failed)} failed, ${String(unreachable)} away${before}`,
    );
  }
  const good = rollout.phase === 'done' || rollout.phase === 'overridden';
  const line = rolloutLine(rollout);
  call.note(good ? 'success' : 'warn', `${line.charAt(0).toUpperCase()}${line.slice(1)}`);
}
