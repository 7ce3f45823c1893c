import type { Node } from '../../model/node.ts';
import { exitCodes } from '../../lib/errors.ts';
import { printable } from '../../lib/text.ts';
import type { BlamedLine, Rendering } from '../../reconcile/blame.ts';
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
    await call.print({ value: blameReport(node, lines), table: () => page(lines) });
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

function page(lines: readonly BlamedLine[]): string {
  const rows = lines.map(({ line, origin: { revision, oldest } }) => {
    const name = revision === undefined ? 'now' : revisionName(revision.number);
    return [
      `${oldest && revision !== undefined ? '^' : ''}${name}`,
      revision?.at ?? '-',
      revision?.who ?? '-',
      line,
    ] as const;
  });
  const width = (column: 0 | 1 | 2): number => Math.max(...rows.map((row) => row[column].length));
  const [first, second, third] = [width(0), width(1), width(2)];
  return rows
    .map(([name, at, who, line]) =>
      printable(`${name.padEnd(first)}  ${at.padEnd(second)}  ${who.padEnd(third)} │ ${line}`).trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}
