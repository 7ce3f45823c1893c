import type { Bundle } from '../../model/bundle.ts';
import { publicDomainOf } from '../../model/host-names.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import { multiDomainEntries, singleDomainEntries } from '../public-entries.ts';
import { routedByVps } from '../public-hosts.ts';
import type { RoutesContext } from '../render-routes.ts';
import type { PublicEntry } from '../route-names.ts';
import type { NodeTypeModule, PlanGround, Rendered } from './node-type.ts';

/** The file of one edge that serves these entries. */
type RenderEdge = (entries: readonly PublicEntry[], context: RoutesContext) => Bundle;

/** A node type whose nodes publish services: which names one serves is the same for every kind of edge. */
export function edgeType({
  type,
  target,
  render,
}: Pick<NodeTypeModule, 'type' | 'target'> & { readonly render: RenderEdge }): NodeTypeModule {
  return {
    type,
    kind: target.kind,
    target,
    prepare: (ground) =>
      ground.snapshot.multiDomain ? multiDomain(ground, render) : singleDomain(ground, render),
  };
}

function singleDomain(ground: PlanGround, render: RenderEdge): ReturnType<NodeTypeModule['prepare']> {
  const { snapshot, claims, clusterId } = ground;
  const byDomain = new Map<string, Bundle>();
  return (node): Rendered => {
    const domain = publicDomainOf(node, snapshot);
    if (domain === undefined) return { reason: noDomain(snapshot.domains.size) };
    let bundle = byDomain.get(domain);
    if (bundle === undefined) {
      bundle = render(singleDomainEntries(snapshot, claims, domain), {
        clusterId,
        domains: domainsOf(snapshot, domain),
      });
      byDomain.set(domain, bundle);
    }
    return bundle;
  };
}

/** Every public domain of the cluster: leftovers of ours may lie under any of them. */
function domainsOf(snapshot: Snapshot, own?: string): readonly string[] {
  const routed = [...snapshot.routes.values()].flatMap((route) => route.domains);
  const named = [own, snapshot.clusterInfo.publicDomain].filter((domain) => domain !== undefined);
  return [...new Set([...named, ...snapshot.domains.keys(), ...routed])].sort();
}

function noDomain(registered: number): string {
  const found =
    registered === 0
      ? 'no domain is registered'
      : `${String(registered)} domains are registered and nothing is routed`;
  return `no public domain: the node and cluster-info name none, and ${found}`;
}

function multiDomain(ground: PlanGround, render: RenderEdge): ReturnType<NodeTypeModule['prepare']> {
  const { snapshot, claims, clusterId } = ground;
  const domains = domainsOf(snapshot);
  const routedTo = routedByVps(snapshot);
  const byServices = new Map<string, Bundle>();
  return (node) => {
    // Which claims meet on a VPS depends on nothing but the services routed to it.
    const routed = routedTo.get(node.address) ?? [];
    const key = routed.join(' ');
    let bundle = byServices.get(key);
    if (bundle === undefined) {
      bundle = render(multiDomainEntries(snapshot, claims, { vps: node.address, routed }), {
        clusterId,
        domains,
      });
      byServices.set(key, bundle);
    }
    return bundle;
  };
}
