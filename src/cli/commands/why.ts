import { exitCodes } from '../../lib/errors.ts';
import { printable } from '../../lib/text.ts';
import type { WhyNode, WhyReport } from '../../contract/insight.ts';
import { whyOf } from '../../reconcile/why/why.ts';
import type { Call } from '../call.ts';
import type { CommandModule } from '../command.ts';
import { readDesired } from '../desired.ts';
import { known } from '../health/known.ts';
import { healthReport } from '../health/report.ts';
import { openHistory, revisionName } from '../history.ts';
import { pairs } from '../output/pairs.ts';
import { table } from '../output/table.ts';

export const command: CommandModule = {
  configure: (why) => {
    why
      .argument('<service>', 'name in the registry, now or earlier')
      .addHelpText(
        'after',
        '\nNo node is asked: it tells what the last pushes and looks have shown. Exit codes: 0 live wherever it is meant to be, 1 otherwise.',
      );
  },
  examples: ['syncctl why demo', 'syncctl why demo -o json'],
  run: async (call) => {
    const report = await reportOf(call, call.need(0));
    await call.print({ value: report, table: () => page(report, false), wide: () => page(report, true) });
    return report.nodes.some(
      ({ state }) => state === 'missing' || state === 'leftover' || state === 'unknown',
    )
      ? exitCodes.failure
      : exitCodes.ok;
  },
};

async function reportOf(call: Call, name: string): Promise<WhyReport> {
  const { snapshot, plan } = await readDesired(call);
  const history = await openHistory(call);
  const limits = (await call.settings()).guard;
  const healths = new Map(healthReport(await known(call)).nodes.map((node) => [node.node, node]));
  return whyOf({ snapshot, plan, history, limits, known: (id) => healths.get(id) }, name);
}

function page(report: WhyReport, wide: boolean): string {
  const { because } = report;
  const head = pairs([
    ['Service', report.registered ? report.service : `${report.service} (not registered)`],
    ['Names', report.hosts.join(', ') || '-'],
    [report.registered ? 'As it is' : 'Gone', because === null ? 'nothing is kept of it' : sentence(because)],
  ]);
  const row = (node: WhyNode): readonly string[] => [
    node.name,
    node.state,
    node.since ?? '',
    [node.cause, node.reason].filter((part) => part !== null && part !== '').join(': '),
  ];
  const headings = ['name', 'state', 'since', 'why'];
  return `${printable(head)}\n${
    wide
      ? table(
          [...headings, 'names', 'remedy'],
          report.nodes.map((node) => [...row(node), node.hosts.join(' '), node.remedy ?? '']),
        )
      : table(headings, report.nodes.map(row))
  }`;
}

function sentence({ revision, at, who, why, oldest, source }: NonNullable<WhyReport['because']>): string {
  if (revision === null) return 'since an edit that no controller has filed yet';
  const by = who === null ? '' : ` by ${who}`;
  const reason = why === null ? '' : `: ${why}`;
  const place = source === undefined ? '' : ` in ${source}`;
  return `since ${oldest ? 'before ' : ''}${revisionName(revision)}, ${at ?? '-'}${by}${place}${reason}`;
}
