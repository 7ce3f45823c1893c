import type { PushRecord } from '../../contract/history.ts';
import type { Because, WhyNode } from '../../contract/insight.ts';
import { publicDomainOf } from '../../model/host-names.ts';
import type { Node } from '../../model/node.ts';
import { isEdge } from '../../model/node-types.ts';
import type { NodePlan } from '../../model/plan.ts';
import type { Service } from '../../model/service.ts';
import type { Snapshot } from '../../model/snapshot.ts';

/** What is known of a node without asking it. */
export interface KnownNode {
  readonly state: string;
  readonly cause: string | null;
  readonly evidence: string;
  readonly remedy: string | null;
  readonly lastSync: string | null;
  readonly lastAttempt: string | null;
}

/** All that is known of one node and one service. */
export interface Case {
  readonly node: Node;
  readonly plan: NodePlan | undefined;
  /** The names of the service that the plan of the node has. */
  readonly hosts: readonly string[];
  readonly health: KnownNode | undefined;
  /** The newest outcome, and the newest good one. */
  readonly last: PushRecord | undefined;
  readonly good: PushRecord | undefined;
}

/** Judges one node by what was told of it. */
export function judge(one: Case, because: Because | null, notMeant: string): WhyNode {
  const { node, hosts, good, health } = one;
  const base = { node: node.id, name: node.name, type: node.type, hosts: [...hosts] };
  const well = { cause: null, remedy: null };
  if (hosts.length === 0) {
    const behind = good !== undefined && !isAfter(good, because) && isBehind(one);
    if (!behind) return { ...base, ...well, state: 'not-meant', since: null, reason: notMeant };
    return {
      ...base,
      ...trouble(one),
      state: 'leftover',
      since: because?.at ?? null,
      reason: `${notMeant}; ${told(one)}`,
    };
  }
  if (isBehind(one)) {
    // The plan may have moved on while the names were there already.
    const had = good !== undefined && isAfter(good, because);
    const since = had ? sinceOf(good, because) : (because?.at ?? null);
    return { ...base, ...trouble(one), state: had ? 'live' : stateOf(one), since, reason: told(one) };
  }
  const since = good === undefined ? (health?.lastSync ?? null) : sinceOf(good, because);
  return { ...base, ...well, state: 'live', since, reason: '' };
}

/** True where a good outcome came with the revision that made the service what it is, or with a later one. */
function isAfter(good: PushRecord, because: Because | null): boolean {
  const { revision, at } = because ?? { revision: null, at: null };
  if (revision === null || at === null) return false;
  return good.revision === null ? good.last > at : good.revision >= revision;
}

/** True where nobody has verified that the node holds its newest plan. */
function isBehind({ plan, good, health }: Case): boolean {
  const desired = plan?.bundles[0]?.digest;
  if (good !== undefined && desired !== undefined) return good.desired !== desired;
  return health?.state !== 'active';
}

function stateOf({ good, last, health }: Case): WhyNode['state'] {
  return good === undefined && last === undefined && (health?.lastAttempt ?? null) === null
    ? 'unknown'
    : 'missing';
}

function sinceOf(good: PushRecord, because: Because | null): string {
  // Looks that found all well are counted from the first.
  const at = because?.at ?? '';
  return at > good.started && because?.oldest !== true ? at : good.started;
}

function trouble({ health, last }: Case): { readonly cause: string | null; readonly remedy: string | null } {
  return { cause: health?.cause ?? last?.cause ?? null, remedy: health?.remedy ?? null };
}

function told({ health, last }: Case): string {
  const evidence = [health?.evidence, last?.evidence].find((text) => text !== undefined && text !== '');
  if (evidence !== undefined) return evidence;
  return last === undefined ? 'nothing was pushed to it yet' : 'the newest plan was not pushed to it yet';
}

/** Why the plan of a node has none of the names of a service. */
export function whyNotMeant(
  service: Service | undefined,
  { node, plan }: { readonly node: Node; readonly plan: NodePlan | undefined },
  snapshot: Snapshot,
): string {
  if (service === undefined) return 'the service is not registered';
  if (plan?.reason !== undefined) return plan.reason;
  if (service.ip === undefined) return 'the load balancer has given the service no address yet';
  if (!isEdge(node))
    return snapshot.clusterInfo.domain === undefined
      ? 'the cluster domain is not known'
      : 'another service holds its name';
  if (!service.public) return 'the service is private';
  if (!snapshot.multiDomain)
    return publicDomainOf(node, snapshot) === undefined
      ? 'no public domain is known for the node'
      : 'another service holds its name';
  const route = snapshot.routes.get(service.name);
  if (route === undefined) return 'the service is routed nowhere';
  return route.vpsNodes.includes(node.address)
    ? 'another service holds its name'
    : 'the service is not routed through this node';
}
