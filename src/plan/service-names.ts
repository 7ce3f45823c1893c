import { claimsOf, hostsKey, servedClaim } from '../model/claims.ts';
import { backendOf, internalNames, publicDomainOf, publicName } from '../model/host-names.ts';
import { isEdge } from '../model/node-types.ts';
import type { Service } from '../model/service.ts';
import type { Snapshot } from '../model/snapshot.ts';

/** Under which names a service is reachable, inside and outside. */
export interface ServiceNames {
  readonly internal: readonly string[];
  /** Empty for a private service, and where nothing routes it. */
  readonly public: readonly string[];
}

/** The names of one service, as the nodes get them. */
export function namesOf(service: Service, snapshot: Snapshot): ServiceNames {
  const { domain } = snapshot.clusterInfo;
  const claims = claimsOf(snapshot);
  const internal = domain === undefined || service.ip === undefined ? [] : internalNames(service, domain);
  const own = internal.filter((name) => {
    const key = hostsKey(name);
    const here = claims.get(key) ?? [];
    return here.some(
      (claim) =>
        claim.service === service.name &&
        claim.target === servedClaim(here, snapshot.holders.get(key))?.target,
    );
  });
  return {
    internal: own,
    public: service.public && service.ip !== undefined ? publicNames(service, snapshot) : [],
  };
}

function publicNames(service: Service, snapshot: Snapshot): readonly string[] {
  const vps = [...snapshot.nodes.values()].filter(isEdge);
  if (!snapshot.multiDomain) {
    const domains = vps
      .map((node) => publicDomainOf(node, snapshot))
      .filter((domain) => domain !== undefined);
    return [...new Set(domains)].map((domain) => publicName(service, domain));
  }
  const route = snapshot.routes.get(service.name);
  const served = route?.vpsNodes.some((address) => vps.some((node) => node.address === address));
  if (route === undefined || served !== true) return [];
  return route.domains.map((domain) => publicName(service, domain));
}

/** `100.76.150.207:80`; without an address the load balancer has given none yet. */
export function targetOfService({ ip, port }: Service): string {
  return ip === undefined ? `(no address yet):${String(port)}` : backendOf(ip, port);
}
