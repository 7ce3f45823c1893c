import type { Node } from '../../model/node.ts';
import { exitCodes } from '../../lib/errors.ts';
import { printable } from '../../lib/text.ts';
import { fingerprintOf } from '../../transport/host-keys.ts';
import type { CommandModule } from '../command.ts';
import { known } from '../health/known.ts';
import { healthReport, type HealthNode } from '../health/report.ts';
import { pairs } from '../output/pairs.ts';
import { apiVersion } from '../output/structured.ts';
import { pickNode } from '../pick.ts';
import { unreadable } from '../registries.ts';
import { rowWords } from '../node-types.ts';
import type { RestrictionFacts } from '../restrictions.ts';

export const command: CommandModule = {
  configure: (show) => {
    show.argument('<node>', 'name, address or id');
  },
  examples: ['syncctl node show contabo-vps', 'syncctl node show contabo-vps -o yaml'],
  run: async (call) => {
    const facts = await known(call);
    const { snapshot, source, reason, remedy } = facts.registries;
    if (snapshot === undefined) throw unreadable(source, reason, remedy);
    const node = pickNode(call.need(0), snapshot.nodes);
    const state = healthReport(facts).nodes.find((candidate) => candidate.node === node.id);
    const { sshUser, sshPort, labels, publicDomain, repoPath } = node;
    const hostKeys = node.hostKeys.map((pin) => ({ ...pin, fingerprint: fingerprintOf(pin.key) }));
    const own = { user: sshUser, port: sshPort ?? null, labels, publicDomain: publicDomain ?? null };
    const restriction = facts.restrictions.get(node.id) ?? null;
    await call.print({
      value: {
        apiVersion,
        kind: 'Node',
        ...state,
        ...own,
        repoPath: repoPath ?? null,
        hostKeys,
        restriction,
      },
      table: () =>
        printable(
          pairs([
            ...identity(node),
            ...stateOf(state),
            ...(node.pull === true ? [visitOf(state)] : [...keysOf(node), restrictionOf(node, restriction)]),
          ]),
        ),
    });
    return exitCodes.ok;
  },
};

type Line = readonly [string, string];
const dash = (text: string | null | undefined): string =>
  text === null || text === undefined || text === '' ? '-' : text;

function identity({
  name,
  id,
  type,
  sshUser,
  address,
  sshPort,
  publicDomain,
  labels,
}: Node): readonly Line[] {
  const port = sshPort === undefined ? '' : `, port ${String(sshPort)}`;
  const all = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return [
    ['Name', name],
    ['Id', id],
    ['Type', type],
    ['Login', `${sshUser}@${address}${port}`],
    ['Public domain', dash(publicDomain)],
    ['Labels', dash(all.join(', '))],
  ];
}

function stateOf(state: HealthNode | undefined): readonly Line[] {
  return [
    ['State', dash(state?.state)],
    ['Cause', dash(state?.cause)],
    ['Evidence', dash(state?.evidence)],
    ['Remedy', dash(state?.remedy)],
    ['Since', dash(state?.since)],
    ...holdOf(state),
    ['Last sync', state?.lastSync ?? 'never'],
    ['Last attempt', state?.lastAttempt ?? 'never'],
  ];
}

/** Also while it is active: what it holds is not what comes next. */
function holdOf(state: HealthNode | undefined): readonly Line[] {
  if (state?.hold === undefined || state.hold === null) return [];
  const { scope, what, who, since, until, why, end } = state.hold;
  const whom = scope === state.node ? '' : `${what}, `;
  const text = `${whom}by ${who} since ${since}${until === null ? '' : ` until ${until}`}${why === null ? '' : `: ${why}`}`;
  const isFrozen = until !== null || end.startsWith('syncctl drift');
  return [[isFrozen ? 'Frozen' : 'Paused', `${text}; end it with: ${end}`]];
}

function keysOf({ name, hostKeys }: Node): readonly Line[] {
  if (hostKeys.length === 0) return [['Host key', `none is pinned; syncctl node trust ${name} --from scan`]];
  return hostKeys.map(({ key, source, added }): Line => {
    const type = key.split(' ')[0] ?? '';
    return ['Host key', `${type} ${fingerprintOf(key)} (${source}, ${added})`];
  });
}

/** Nobody logs in to it, so no key says anything. */
function visitOf(state: HealthNode | undefined): Line {
  const { here, lastVisit } = state?.pull ?? { here: false, lastVisit: null };
  if (here) return ['Pull', `connected, waits for changes; last asked at ${lastVisit ?? '-'}`];
  return ['Pull', lastVisit === null ? 'has not asked since the daemon began' : `last asked at ${lastVisit}`];
}

function restrictionOf(node: Node, restriction: RestrictionFacts | null): Line {
  if (restriction === null) return ['Restricted', `not by us; syncctl node add ${rowWords(node)} --restrict`];
  const { since, fingerprint, outdated } = restriction;
  const key = `since ${since}, key ${fingerprint ?? 'missing'}`;
  return ['Restricted', outdated ? `${key}, an earlier one; syncctl node rotate-key ${node.name}` : key];
}
