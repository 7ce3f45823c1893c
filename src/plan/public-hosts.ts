import { claimsOf } from '../model/claims.ts';
import { publicDomainOf } from '../model/host-names.ts';
import type { Node } from '../model/node.ts';
import { isEdge } from '../model/node-types.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { multiDomainEntries, singleDomainEntries } from './public-entries.ts';
import type { PublicEntry } from './route-names.ts';

/** The services routed to each VPS, by its address. */
export function routedByVps(snapshot: Snapshot): ReadonlyMap<string, readonly string[]> {
  const routed = new Map<string, string[]>();
  for (const { service, vpsNodes } of snapshot.routes.values()) {
    for (const vps of vpsNodes) {
      const list = routed.get(vps);
      if (list === undefined) routed.set(vps, [service]);
      else list.push(service);
    }
  }
  return routed;
}

type HostsOf = (vps: Node) => ReadonlySet<string>;

/** The public host names of each VPS; nodes that serve the same names share one set. */
function publicHosts(snapshot: Snapshot): HostsOf {
  const claims = claimsOf(snapshot);
  const routed = routedByVps(snapshot);
  const known = new Map<string, ReadonlySet<string>>();
  const shared = (key: string, entries: () => readonly PublicEntry[]): ReadonlySet<string> => {
    const hosts = known.get(key) ?? new Set(entries().map((entry) => entry.host));
    known.set(key, hosts);
    return hosts;
  };
  return (node) => {
    if (snapshot.multiDomain) {
      const here = routed.get(node.address) ?? [];
      return shared(here.join(' '), () =>
        multiDomainEntries(snapshot, claims, { vps: node.address, routed: here }),
      );
    }
    const domain = publicDomainOf(node, snapshot);
    return shared(domain ?? '', () =>
      domain === undefined ? [] : singleDomainEntries(snapshot, claims, domain),
    );
  };
}

/** Every public host name that at least one VPS serves. */
export function servedHosts(snapshot: Snapshot): ReadonlySet<string> {
  const hosts = publicHosts(snapshot);
  const vps = [...snapshot.nodes.values()].filter(isEdge);
  return new Set(vps.flatMap((node) => [...hosts(node)]));
}

/** The public host names that vanish from any VPS between two snapshots of the same nodes. */
export function lostHosts(
  before: Snapshot,
  after: Snapshot,
): { readonly lost: readonly string[]; readonly total: number } {
  const [hostsBefore, hostsAfter] = [publicHosts(before), publicHosts(after)];
  const seen = new Map<ReadonlySet<string>, Set<ReadonlySet<string>>>();
  const lost = new Set<string>();
  for (const node of after.nodes.values()) {
    if (!isEdge(node)) continue;
    const [was, is] = [hostsBefore(node), hostsAfter(node)];
    const compared = seen.get(was) ?? new Set();
    seen.set(was, compared);
    if (compared.has(is)) continue;
    compared.add(is);
    for (const host of was) if (!is.has(host)) lost.add(host);
  }
  return { lost: [...lost], total: new Set([...seen.keys()].flatMap((hosts) => [...hosts])).size };
}
