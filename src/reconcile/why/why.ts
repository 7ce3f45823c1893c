import type { HistoryApi, PushRecord } from '../../contract/history.ts';
import type { WhyReport } from '../../contract/insight.ts';
import { SyncError } from '../../lib/errors.ts';
import type { Node, NodeId } from '../../model/node.ts';
import type { FleetPlan } from '../../model/plan.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import type { GuardLimits } from '../../plan/guard-types.ts';
import { namesOf } from '../../plan/service-names.ts';
import { becauseOf } from './because.ts';
import { judge, whyNotMeant, type Case, type KnownNode } from './judge.ts';

/** All that is asked to say where a service is live. */
export interface WhyGround {
  readonly snapshot: Snapshot;
  readonly plan: FleetPlan;
  readonly history: HistoryApi;
  readonly limits: GuardLimits;
  /** What is known of a node without asking it. */
  readonly known: (id: NodeId) => KnownNode | undefined;
}

/** Says on which nodes a service is live, where not, and why. No node is asked. */
export async function whyOf(ground: WhyGround, name: string): Promise<WhyReport> {
  const { snapshot, plan, history, limits } = ground;
  const { because, before } = await becauseOf({ history, limits }, name, snapshot);
  const service = snapshot.services.get(name);
  if (service === undefined && before === undefined)
    throw new SyncError(
      'notFound',
      `service: expected the name of a service that is or was registered, got ${JSON.stringify(name)}`,
      { remedy: 'list them with: syncctl service list' },
    );
  const hosts = hostsOf(name, service === undefined ? (before ?? snapshot) : snapshot);
  const pushes = await outcomesOf(history);
  const nodes = [...snapshot.nodes.values()].map((node) => {
    const one = caseOf(ground, node, { hosts, pushes });
    return judge(one, because, whyNotMeant(service, { node, plan: plan.nodes.get(node.id) }, snapshot));
  });
  return {
    apiVersion: 'sync-controller/v1',
    kind: 'WhyReport',
    service: name,
    registered: service !== undefined,
    hosts: [...hosts],
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
  { plan, known }: WhyGround,
  node: Node,
  { hosts, pushes }: { readonly hosts: readonly string[]; readonly pushes: Outcomes },
): Case {
  const own = plan.nodes.get(node.id);
  const names = new Set(own?.bundles.flatMap((bundle) => bundle.names));
  return {
    node,
    plan: own,
    hosts: hosts.filter((host) => names.has(host)),
    health: known(node.id),
    last: pushes.last.get(node.id),
    good: pushes.good.get(node.id),
  };
}
