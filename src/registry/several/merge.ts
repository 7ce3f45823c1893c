import { publicDomainOf } from '../../model/host-names.ts';
import { isEdge } from '../../model/node-types.ts';
import { sealSnapshot } from '../../model/seal.ts';
import type { Route } from '../../model/service.ts';
import type { Finding, Snapshot, SourceShare } from '../../model/snapshot.ts';
import { Collisions } from './collisions.ts';

/** What one source says, and how it stands to the others. */
export interface Share extends SourceShare {
  readonly priority: number;
  readonly snapshot: Snapshot | undefined;
}

type Known = Share & { readonly snapshot: Snapshot };

/** The order in which sources win: the greater priority, then the name. Their order in the settings plays no part. */
export function ranked<T extends { readonly name: string; readonly priority: number }>(
  shares: readonly T[],
): readonly T[] {
  return shares.toSorted((a, b) => b.priority - a.priority || (a.name < b.name ? -1 : 1));
}

/**
 * One snapshot of several sources. Every entry belongs to one of them; of two under one name that of the better source counts and
 * the other one is reported. Pure. @returns undefined where nothing of any source is known.
 */
export function mergeShares(
  shares: readonly Share[],
  home: string,
  previous: Snapshot | undefined,
): Snapshot | undefined {
  const order = ranked(shares);
  const known = order.filter((share): share is Known => share.snapshot !== undefined);
  // What the cluster is called says the first source; without it, the best of the others.
  const first = known.find(({ name }) => name === home) ?? known[0];
  if (first === undefined) return undefined;
  const findings = known.flatMap(({ name, snapshot }) => snapshot.findings.map((one) => named(name, one)));
  const collisions = new Collisions(known, findings);
  const content = {
    ...entriesOf(known, collisions, first.snapshot.clusterInfo.domain),
    clusterInfo: first.snapshot.clusterInfo,
    multiDomain: known.some(({ snapshot }) => snapshot.multiDomain),
    paused: [...new Set(known.flatMap(({ snapshot }) => snapshot.paused))],
    findings,
    complete: known.length === shares.length && known.every(({ snapshot }) => snapshot.complete),
    additionsOnly: known.some(({ snapshot }) => snapshot.additionsOnly),
    sources: order.map(({ name, state }) => ({ name, state })),
  };
  const routes = content.multiDomain ? routesOf(known, content.services) : new Map<string, Route>();
  const holders = new Map(known.toReversed().flatMap(({ snapshot }) => [...snapshot.holders]));
  const merged = { ...content, routes };
  const { snapshot, lost } = sealSnapshot(merged, previous ?? { ...merged, holders, digest: '' });
  for (const claim of lost) collisions.lostName(claim, content.services);
  return snapshot;
}

function entriesOf(known: readonly Known[], collisions: Collisions, homeDomain: string | undefined) {
  const rank = new Map(known.map(({ name }, index) => [name, index]));
  return {
    services: collisions.union('service-registry/services.json', ({ name, snapshot }) => {
      const { domain } = snapshot.clusterInfo;
      const own = domain === homeDomain || domain === undefined ? {} : { clusterDomain: domain };
      return [...snapshot.services].map(([key, one]) => [
        key,
        { ...one, ...own, source: name, rank: rank.get(name) ?? 0 },
      ]);
    }),
    nodes: collisions.union('sync-controller-registry/registry.json', ({ name, snapshot }) =>
      [...snapshot.nodes].map(([key, one]) => {
        // Its public domain is a matter of its own cluster, whatever others register.
        const publicDomain = isEdge(one) ? publicDomainOf(one, snapshot) : one.publicDomain;
        return [key, { ...one, publicDomain, source: name }];
      }),
    ),
    domains: collisions.union('domain-registry/domains.json', ({ name, snapshot }) =>
      [...snapshot.domains].map(([key, one]) => [key, { ...one, source: name }]),
    ),
    vpsRecords: collisions.union('domain-registry/domains.json', ({ snapshot }) => [...snapshot.vpsRecords]),
  };
}

/** Where each service is served, as its own source says: routed, or, with one public domain there, on all of that. */
function routesOf(known: readonly Known[], services: Snapshot['services']): ReadonlyMap<string, Route> {
  const routes = new Map<string, Route>();
  for (const { name, snapshot } of known) {
    const own = snapshot.multiDomain ? snapshot.routes : singleRoutes(snapshot);
    for (const [service, route] of own) {
      const owner = services.get(service)?.source;
      if ((owner === undefined || owner === name) && !routes.has(service)) routes.set(service, route);
    }
  }
  return routes;
}

function singleRoutes(snapshot: Snapshot): ReadonlyMap<string, Route> {
  const edges = [...snapshot.nodes.values()].filter(isEdge);
  const domains = [
    ...new Set(edges.map((node) => publicDomainOf(node, snapshot)).filter((one) => one !== undefined)),
  ];
  const vpsNodes = edges.map(({ address }) => address);
  if (domains.length === 0) return new Map();
  return new Map(
    [...snapshot.services.values()]
      .filter((service) => service.public)
      .map(({ name: service }) => [service, { service, domains, vpsNodes, strategy: 'round-robin' }]),
  );
}

function named(source: string, finding: Finding): Finding {
  return { ...finding, path: `${source}:${finding.path}` };
}
