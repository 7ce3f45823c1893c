import type { Settings } from '../../config/settings.ts';
import { policyOf } from '../../compose/rollout-policy.ts';
import type { ControllerStatus } from '../../contract/report.ts';
import type { Node } from '../../model/node.ts';
import type { RegistryObject } from '../../model/snapshot.ts';
import { unknownCanaries } from '../../plan/rollout-policy.ts';
import { unpause } from '../../registry/source-remedies.ts';
import { span } from '../output/age.ts';
import { rolloutLine } from '../output/rollout.ts';
import type { Check, DoctorGround } from './check.ts';
import { findingsOf, type DoctorFinding } from './finding.ts';

const { ok, warning, error } = findingsOf('daemon');

/** A proof of life of the source that is older than three polls means that nobody watches. */
const tooOld = (pollMs: number): number => 3 * pollMs + 5_000;

/** The daemon answers, may write, and its watch is fresh. */
export const daemonCheck: Check = {
  name: 'daemon',
  perNode: false,
  run: (ground) => Promise.resolve(look(ground)),
};

function look({ daemon, daemonFailure, settings, snapshot }: DoctorGround): readonly DoctorFinding[] {
  if (daemonFailure !== undefined)
    return [error(settings.daemon.socket, daemonFailure, 'sudo systemctl restart sync-controller')];
  if (daemon === undefined)
    return [
      warning(
        'daemon',
        'no daemon runs: changes reach the nodes only by syncctl push',
        'sudo systemctl enable --now sync-controller',
      ),
    ];
  return [
    standing(daemon.standing, daemon.standingReason, annotated(daemon, snapshot?.paused[0], settings)),
    watch(daemon.source, settings.watch.pollMs),
    ...held(daemon.held),
    ...rollouts(daemon),
    ...canaries(settings, [...(snapshot?.nodes.values() ?? [])]),
  ];
}

/** A typing error would leave a rollout without its canary. */
function canaries(settings: Settings, nodes: readonly Node[]): readonly DoctorFinding[] {
  return unknownCanaries(nodes, policyOf(settings)).map((word) =>
    warning(
      'rollout',
      `the settings name a canary that no node is: ${word}`,
      'correct rollout.canaries in the settings',
    ),
  );
}

/** What a person has held back, or a rollout has stopped. */
function rollouts({ rollout, holds, drift }: ControllerStatus): readonly DoctorFinding[] {
  const found: DoctorFinding[] = [];
  if (rollout?.phase === 'running') found.push(ok('rollout', rolloutLine(rollout)));
  else if (rollout !== null && rollout !== undefined) {
    const tell = rollout.phase === 'rollback-failed' ? error : warning;
    found.push(tell('rollout', rolloutLine(rollout), rollout.end ?? 'syncctl rollout show'));
  }
  for (const { what, who, since, until, end } of holds ?? [])
    found.push(
      warning(
        'freeze',
        `${what} is held by ${who} since ${since}${until === null ? '' : ` until ${until}`}`,
        end,
      ),
    );
  for (const { name, mode, who, since, end } of drift ?? [])
    found.push(warning('drift', `${name} is set to ${mode} by ${who} since ${since}`, end));
  return found;
}

/** What ends a pause by annotation, which no command of ours may end; undefined where it is another pause. */
function annotated(
  { standingReason }: ControllerStatus,
  object: RegistryObject | undefined,
  settings: Settings,
): string | undefined {
  return object !== undefined && standingReason.startsWith('annotation ')
    ? unpause(object, settings.source)
    : undefined;
}

function standing(kind: string, reason: string, unpausing: string | undefined): DoctorFinding {
  switch (kind) {
    case 'writing':
      return ok('standing', 'may write');
    case 'paused':
      return warning('standing', `is paused: ${reason}`, unpausing ?? 'syncctl resume');
    case 'observing':
      return warning(
        'standing',
        'only observes: nothing is written to any node or registry',
        'syncctl adopt',
      );
    case 'rival':
      return error(
        'standing',
        `stands back for a rival: ${reason}`,
        'find and stop the other control plane, then: syncctl term take --reason "…"',
      );
    default:
      return error(
        'standing',
        `has no term of its own: ${kind} ${reason}`.trim(),
        'syncctl doctor, once the registries can be written',
      );
  }
}

function watch(
  source: {
    proofAgeMs: number | null;
    restarts: number;
    stalls: number;
    state: string;
    reason: string | null;
  },
  pollMs: number,
): DoctorFinding {
  if (source.state !== 'fresh')
    return error('watch', `the source is ${source.state}: ${source.reason ?? ''}`, 'syncctl validate');
  const age = source.proofAgeMs;
  if (age === null || age > tooOld(pollMs))
    return error(
      'watch',
      age === null ? 'has not proved to be alive yet' : `gave its last sign of life ${span(age)} ago`,
      'sudo systemctl restart sync-controller',
    );
  if (source.stalls > 10)
    return warning(
      'watch',
      `fell silent and was replaced ${String(source.stalls)} times`,
      'syncctl logs -n 200',
    );
  return ok('watch', `gave a sign of life ${span(age)} ago`);
}

function held(removals: readonly { hash: string; reason: string }[]): readonly DoctorFinding[] {
  return removals.map(({ hash, reason }) =>
    warning('guard', `a removal is withheld: ${reason}`, `syncctl approve ${hash}`),
  );
}
