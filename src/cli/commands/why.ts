import { exitCodes, SyncError } from '../../lib/errors.ts';
import { printable } from '../../lib/text.ts';
import type { HistoryApi, PushRecord } from '../../contract/history.ts';
import type { NodePlan } from '../../model/plan.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import type { Call } from '../call.ts';
import type { CommandModule } from '../command.ts';
import { readDesired, type Desired } from '../desired.ts';
import { known } from '../health/known.ts';
import { healthReport, type HealthNode } from '../health/report.ts';
import { openHistory, revisionName } from '../history.ts';
import { pairs } from '../output/pairs.ts';
import { apiVersion } from '../output/structured.ts';
import { table } from '../output/table.ts';
import { namesOf } from '../service-names.ts';
import { becauseOf } from '../why/because.ts';
import { judge, whyNotMeant, type Case, type WhyNode, type WhyReport } from '../why/report.ts';

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
  const desired = await readDesired(call);
  const { snapshot, plan } = desired;
  const history = await openHistory(call);
  const limits = (await call.settings()).guard;
  const { because, before } = await becauseOf({ history, limits }, name, snapshot);
  const service = snapshot.services.get(name);
  if (service === undefined && before === undefined)
    throw new SyncError(
      'notFound',
      `service: expected the name of a service that is or was registered, got ${JSON.stringify(name)}`,
      { remedy: 'list them with: syncctl service list' },
    );
  const hosts = hostsOf(name, service === undefined ? (before ?? snapshot) : snapshot);
  const healths = new Map(healthReport(await known(call)).nodes.map((node) => [node.node, node]));
  const pushes = await outcomesOf(history);
  const nodes = [...snapshot.nodes.values()].map((node) => {
    const one = caseOf(desired, { id: node.id, hosts, healths, pushes });
    return judge(one, because, whyNotMeant(service, { node, plan: plan.nodes.get(node.id) }, snapshot));
  });
  return {
    apiVersion,
    kind: 'WhyReport',
    service: name,
    registered: service !== undefined,
    hosts,
    because,
    nodes,
  };
}

function hostsOf(name: string, snapshot: Snapshot): readonly string[] {
  const service = snapshot.services.get(name);
  if (service === undefined) return [];
  const { internal, public: outside } = namesOf(service, snapshot);
  return [...internal, ...outside];
}

interface Outcomes {
  readonly last: ReadonlyMap<string, PushRecord>;
  readonly good: ReadonlyMap<string, PushRecord>;
}

// Failures of one node in a row that are looked through for the last good outcome.
const patience = 500;

async function outcomesOf(history: HistoryApi): Promise<Outcomes> {
  const last = new Map((await history.lastPushes()).map((push) => [push.node, push]));
  const good = new Map<string, PushRecord>();
  for (const [node, push] of last) {
    const found = push.ok ? push : (await history.pushes({ node, limit: patience })).find(({ ok }) => ok);
    if (found !== undefined) good.set(node, found);
  }
  return { last, good };
}

function caseOf(
  { snapshot, plan }: Desired,
  known: {
    readonly id: NodePlan['id'];
    readonly hosts: readonly string[];
    readonly healths: ReadonlyMap<string, HealthNode>;
    readonly pushes: Outcomes;
  },
): Case {
  const { id, hosts, healths, pushes } = known;
  const node = snapshot.nodes.get(id);
  if (node === undefined) throw new SyncError('internal', `no row of ${id}`);
  const own = plan.nodes.get(id);
  const names = new Set(own?.bundles.flatMap((bundle) => bundle.names));
  return {
    node,
    plan: own,
    hosts: hosts.filter((host) => names.has(host)),
    health: healths.get(id),
    last: pushes.last.get(id),
    good: pushes.good.get(id),
  };
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

function sentence({ revision, at, who, why, oldest }: NonNullable<WhyReport['because']>): string {
  if (revision === null) return 'since an edit that no controller has filed yet';
  const by = who === null ? '' : ` by ${who}`;
  const reason = why === null ? '' : `: ${why}`;
  return `since ${oldest ? 'before ' : ''}${revisionName(revision)}, ${at ?? '-'}${by}${reason}`;
}
