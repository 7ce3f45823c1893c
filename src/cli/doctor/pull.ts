import { causeOf, remedyFor } from '../../model/cause.ts';
import type { Node } from '../../model/node.ts';
import type { Check, DoctorGround } from './check.ts';
import { findingsOf, type DoctorFinding } from './finding.ts';

const { ok, warning, error, skipped } = findingsOf('pull');

/** Every node that fetches its configuration itself has come for it. */
export const pullCheck: Check = {
  name: 'pull',
  perNode: true,
  run: (ground) => Promise.resolve(ground.pulling.map((node) => findingOf(node, ground))),
};

function findingOf(node: Node, { daemon, settings }: DoctorGround): DoctorFinding {
  if (settings.pull.listen === 'off')
    return error(
      node.name,
      'fetches its configuration itself, and nothing listens for it',
      'set pull.listen',
    );
  if (daemon === undefined) return skipped(node.name, 'comes to the daemon, which does not run');
  const seen = daemon.nodes.find((one) => one.node === node.id)?.pull;
  if (seen?.here === true) return ok(node.name, 'is connected and waits for changes');
  const since = seen?.lastVisit ?? undefined;
  const when = since === undefined ? 'since the daemon began' : `since ${since}`;
  return warning(
    node.name,
    `${causeOf('pull_silent').meaning} (pull_silent: ${when})`,
    remedyFor('pull_silent', node),
  );
}
