import type { Settings } from '../../config/settings.ts';
import { registryObjects } from '../../model/snapshot.ts';
import { exitCodes } from '../../lib/errors.ts';
import { printable } from '../../lib/text.ts';
import { unpause } from '../../registry/source-remedies.ts';
import type { Call } from '../call.ts';
import type { CommandModule } from '../command.ts';
import { healthBlock } from '../health/block.ts';
import { known } from '../health/known.ts';
import { healthReport, type HealthReport } from '../health/report.ts';
import { age } from '../output/age.ts';
import { listed } from '../output/progress.ts';
import { isPinnedPhase, rolloutLine } from '../output/rollout.ts';
import { table } from '../output/table.ts';
import { unreadable } from '../registries.ts';

export const command: CommandModule = {
  configure: (health) => {
    health.addHelpText(
      'after',
      '\nExit codes: 0 the registries can be read, 69 they cannot; what is known is printed all the same.',
    );
  },
  examples: ['syncctl health', 'syncctl health -o wide', 'syncctl health -o json | jq .counts'],
  run: async (call) => {
    const facts = await known(call);
    const report = healthReport(facts);
    const { source } = await call.settings();
    await call.print({
      value: report,
      table: () => healthBlock(report.nodes) + notices(report, source),
      wide: () => wide(call, report) + notices(report, source),
    });
    const { registries } = facts;
    if (registries.state === 'fresh') return exitCodes.ok;
    throw unreadable(registries.source, registries.reason, registries.remedy);
  },
};

function wide(call: Call, report: HealthReport): string {
  const now = call.context.clock.now();
  return table(
    ['name', 'type', 'address', 'state', 'last sync', 'since', 'cause', 'evidence', 'remedy', 'pull'],
    report.nodes.map((node) => [
      node.name,
      node.type,
      node.address,
      node.state,
      age(node.lastSync, now),
      age(node.since, now),
      node.cause ?? '',
      node.waits ?? node.evidence,
      node.remedy ?? '',
      node.pull === null ? '' : node.pull.here ? 'connected' : age(node.pull.lastVisit, now),
    ]),
  );
}

/** What must not be overlooked, only where there is something: the predecessor's text stays what it was. */
function notices(report: HealthReport, source: Settings['source']): string {
  const lines = [
    ...observingNotice(report),
    ...rivalNotice(report),
    ...ownNetworkNotice(report),
    ...storeNotice(report),
    ...report.quarantined.map(({ path, message, remedy }) => `Quarantined: ${path}: ${message}; ${remedy}`),
    ...report.held.map(
      ({ hash, reason, names }) =>
        `Held: ${reason} (${listed(names)}); let it go with: syncctl approve ${hash}`,
    ),
    ...turnNotice(report),
    ...rolloutNotices(report),
    ...report.paused.map((what) => `Paused: ${what}; end it with: ${resumeFor(what, source)}`),
    ...(report.oldKeys.length === 0
      ? []
      : [
          `Old key: ${listed(report.oldKeys)}: ours was changed and not there; end it with: syncctl node rotate-key --all`,
        ]),
    ...report.orphaned.map(
      (node) =>
        `Orphaned: ${node}: its row is gone and the node is untouched; end it with: syncctl node remove ${node}, or: syncctl node restore ${node}`,
    ),
  ];
  return lines.length === 0 ? '' : `${printable(lines.join('\n'))}\n`;
}

/** The whole page is of nodes that nobody pushes to. */
function observingNotice({ standing }: HealthReport): readonly string[] {
  if (standing !== 'observing') return [];
  return [
    'Observe only: nothing is written to any node or registry; see what would change with: syncctl adopt --dry-run; end it with: syncctl adopt',
  ];
}

/** Whoever reads only this page must see why nothing is pushed any more, and who pushes instead. */
function rivalNotice({ standing, standingReason }: HealthReport): readonly string[] {
  if (standing !== 'rival') return [];
  return [
    `Rival: ${standingReason ?? 'another controller'}; nothing is pushed: stop that one, then: syncctl term take --reason "…"`,
  ];
}

/** One line in place of one per node: they will all come back together. */
function ownNetworkNotice({ ownNetwork }: HealthReport): readonly string[] {
  if (ownNetwork === null) return [];
  const { evidence, since } = ownNetwork;
  return [
    `Network: the controller itself seems to have no network since ${since}: ${evidence}; look with: ip route, tailscale status`,
  ];
}

/** Pushing goes on, so nothing else on this page tells. */
function storeNotice({ store }: HealthReport): readonly string[] {
  if (store === null) return [];
  return [`Store: pauses, freezes, approvals and pins cannot change: ${store.reason}; ${store.remedy}`];
}

/** Nodes that wait for their turn are active, so that their lines alone would say yes. */
function turnNotice({ liveness }: HealthReport): readonly string[] {
  return liveness === null || liveness.waiting === 0 ? [] : [`Live: ${liveness.answer}`];
}

/** What a rollout, a freeze or a rule of drift holds back. */
function rolloutNotices({ rollout, frozen, freezesPlanned, drift }: HealthReport): readonly string[] {
  return [
    ...(rollout === null
      ? []
      : [`${isPinnedPhase(rollout.phase) ? 'Pinned' : 'Rollout'}: ${rolloutLine(rollout)}`]),
    ...frozen.map(
      ({ what, who, since, until, why, end }) =>
        `Frozen: ${what}: by ${who} since ${since} until ${until ?? ''}${why === null ? '' : `: ${why}`}; end it with: ${end}`,
    ),
    ...freezesPlanned.map(
      ({ what, who, since, from, until, why, end }) =>
        `Freeze planned: ${what}: from ${from ?? ''} until ${until ?? ''}, by ${who} since ${since}${why === null ? '' : `: ${why}`}; end it with: ${end}`,
    ),
    ...drift.map(
      ({ name, mode, who, since, why, end }) =>
        `Drift: ${name}: ${mode === 'freeze' ? 'frozen' : 'observed, not repaired'}, by ${who} since ${since}${why === null ? '' : `: ${why}`}; end it with: ${end}`,
    ),
  ];
}

/** A registry is paused by its annotation, everything else by `syncctl pause`. */
function resumeFor(what: string, source: Settings['source']): string {
  const object = registryObjects.find((name) => what === `registry ${name}`);
  const [node = ''] = what.split(': ');
  return object === undefined
    ? `syncctl resume${node === 'all nodes' ? '' : ` ${node}`}`
    : unpause(object, source);
}
