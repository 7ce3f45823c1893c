import type { ControllerStatus } from '../../contract/report.ts';
import { exitCodes } from '../../lib/errors.ts';
import { printable } from '../../lib/text.ts';
import { counted } from '../words.ts';
import type { CommandModule } from '../command.ts';
import { span } from '../output/age.ts';
import { listed, tellHeld } from '../output/progress.ts';
import { pairs } from '../output/pairs.ts';
import { rolloutLine } from '../output/rollout.ts';

export const command: CommandModule = {
  configure: (status) => {
    status.addHelpText(
      'after',
      '\nExit codes: 0 the controller may write, 1 it is held back (paused, a rival, no term).',
    );
  },
  examples: ['syncctl status', 'syncctl status -o json | jq .term'],
  run: async (call) => {
    const status = await (await call.controller()).status();
    await call.print({ value: status, table: () => block(status) });
    tellHeld(call, status.held);
    const writes =
      status.standing === 'writing' ||
      status.standing === 'reasserting' ||
      (!status.daemon && status.standing === 'no-term');
    return writes ? exitCodes.ok : exitCodes.failure;
  },
};

type Line = readonly [string, string];

function block(status: ControllerStatus): string {
  const { source, queue, term } = status;
  const counts = ['active', 'pending_sync', 'error', 'unknown'].map(
    (state) => `${String(status.nodes.filter((node) => node.state === state).length)} ${state}`,
  );
  const proof = source.proofAgeMs === null ? 'never' : `${span(source.proofAgeMs)} ago`;
  return pairs([
    ['Controller', status.daemon ? `daemon, pid ${String(status.pid)}` : 'no daemon runs'],
    ['Version', status.version],
    [
      'Standing',
      status.standingReason === ''
        ? status.standing
        : `${status.standing}: ${printable(status.standingReason)}`,
    ],
    ['Term', term === null ? 'none has begun' : `epoch ${String(term.epoch)}, writer ${term.writer}`],
    ['Cluster id', term?.clusterId ?? '-'],
    ['Source', `${source.kind}, ${printable(source.location)}`],
    ['Source state', source.reason === null ? source.state : `${source.state}: ${printable(source.reason)}`],
    ...(status.sources ?? []).map((one): [string, string] => [
      `Source ${one.name}`,
      `${one.state}${one.reason === null ? '' : `: ${printable(one.reason)}`}; priority ${String(one.priority)}, ${counted(one.services, 'service')}, ${counted(one.nodes, 'node')}`,
    ]),
    ['Source alive', `${proof}; watch restarts ${String(source.restarts)}, stalls ${String(source.stalls)}`],
    ['Queue', `${String(queue.due)} due, ${String(queue.delayed)} delayed, ${String(queue.active)} active`],
    ['Nodes', counts.join(', ')],
    ...(status.liveness === undefined ? [] : [['Live', status.liveness.answer] as const]),
    ...networkLines(status),
    ...storeLines(status),
    ['Findings', String(status.findings.length)],
    ['Held', String(status.held.length)],
    ['Rollout', rolloutText(status)],
    ...heldLines(status),
    ['Orphaned', status.orphans.length === 0 ? 'none' : listed(status.orphans.map(printable))],
  ]);
}

function networkLines({ ownNetwork }: ControllerStatus): readonly Line[] {
  return ownNetwork === null || ownNetwork === undefined
    ? []
    : [['Network', printable(`seems to be cut off since ${ownNetwork.since}: ${ownNetwork.evidence}`)]];
}

function storeLines({ store }: ControllerStatus): readonly Line[] {
  return store === null || store === undefined
    ? []
    : [['Store', printable(`cannot be used: ${store.reason}; ${store.remedy}`)]];
}

function rolloutText({ rollout }: ControllerStatus): string {
  return rollout === null || rollout === undefined ? 'none' : printable(rolloutLine(rollout));
}

/** What a person holds back, or will, with the command that ends it. */
function heldLines({ holds = [], windows = [], drift = [] }: ControllerStatus): readonly Line[] {
  const because = (why: string | null, end: string): string =>
    `${why === null ? '' : `: ${why}`}; end it with: ${end}`;
  return [
    ...holds.map(({ what, who, since, until, why, end }): Line => [
      until === null ? 'Paused' : 'Frozen',
      printable(
        `${what}, by ${who} since ${since}${until === null ? '' : ` until ${until}`}${because(why, end)}`,
      ),
    ]),
    ...windows.map(({ what, who, since, from, until, why, end }): Line => [
      'Freeze planned',
      printable(
        `${what}, from ${from ?? ''} until ${until ?? ''}, by ${who} since ${since}${because(why, end)}`,
      ),
    ]),
    ...drift.map(({ name, mode, who, since, why, end }): Line => [
      'Drift',
      printable(`${name}: ${mode}, by ${who} since ${since}${because(why, end)}`),
    ]),
  ];
}
