import type { Node } from '../../model/node.ts';
import { exitCodes } from '../../lib/errors.ts';
import { printable } from '../../lib/text.ts';
import type { BlameReport } from '../../contract/insight.ts';
import type { Rendering } from '../../reconcile/blame.ts';
import type { Call } from '../call.ts';
import type { CommandModule } from '../command.ts';
import { clusterIdOf, readDesired, unminted, type Desired } from '../desired.ts';
import { openHistory, revisionName } from '../history.ts';
import { pickNode } from '../pick.ts';

export const command: CommandModule = {
  configure: (blamed) => {
    blamed
      .argument('<node>', 'name, address or id')
      .addHelpText(
        'after',
        '\nEvery kept revision is rendered with the code of today. A caret marks lines that are as old as the history, or older; now marks what no controller has filed yet.',
      );
  },
  examples: ['syncctl blame contabo-vps', 'syncctl blame vinay-laptop -o json'],
  run: async (call) => {
    const desired = await readDesired(call);
    const node = pickNode(call.need(0), desired.snapshot.nodes);
    const { blame, blameReport } = await import('../../reconcile/blame.ts');
    const lines = await blame(renderings(call, desired, node));
    const report = blameReport(node, lines, await ownersOf(call, desired, node));
    await call.print({ value: report, table: () => page(report) });
    return exitCodes.ok;
  },
};

/** What the node should hold: by the registries as they are, then by every revision, newest to oldest. */
async function* renderings(call: Call, desired: Desired, node: Node): AsyncGenerator<Rendering> {
  const { renderNode } = await import('../../plan/plan-node.ts');
  const { pastRevisions } = await import('../../reconcile/past.ts');
  const clusterId = (await clusterIdOf(call)) ?? unminted;
  yield { revision: undefined, text: renderNode(desired.snapshot, node.id, clusterId) };
  const history = await openHistory(call);
  const limits = (await call.settings()).guard;
  const ask = (snapshot: Desired['snapshot']): string | undefined => renderNode(snapshot, node.id, clusterId);
  for await (const { revision, value, exact } of pastRevisions({ history, limits }, ask)) {
    if (!exact)
      call.note(
        'warn',
        `${revisionName(revision.number)} held an entry that was set aside, and nothing kept says what it was when it was good`,
      );
    yield { revision, text: value };
  }
}

/** Of several sources the one that each line is of. */
async function ownersOf(
  call: Call,
  { snapshot }: Desired,
  { id }: Node,
): Promise<readonly (string | undefined)[]> {
  if (snapshot.sources === undefined) return [];
  const [{ lineOwners }, { renderNode }] = await Promise.all([
    import('../../reconcile/line-owners.ts'),
    import('../../plan/plan-node.ts'),
  ]);
  const clusterId = (await clusterIdOf(call)) ?? unminted;
  return lineOwners(snapshot, (one) => renderNode(one, id, clusterId));
}

function page({ lines }: BlameReport): string {
  const several = lines.some(({ source }) => source !== undefined);
  const rows = lines.map(({ revision, oldest, at, who, source, line }) => {
    const name = revision === null ? 'now' : revisionName(revision);
    const columns = [`${oldest && revision !== null ? '^' : ''}${name}`, at ?? '-', who ?? '-'];
    return { columns: several ? [...columns, source ?? '-'] : columns, line };
  });
  const width = (column: number): number =>
    Math.max(...rows.map(({ columns }) => (columns[column] ?? '').length));
  const widths = (rows[0]?.columns ?? []).map((_, column) => width(column));
  return rows
    .map(({ columns, line }) => {
      const padded = columns.map((word, column) => word.padEnd(widths[column] ?? 0)).join('  ');
      return `${printable(`${padded} │ ${line}`).trimEnd()}\n`;
    })
    .join('');
}
