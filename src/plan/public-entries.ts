import { routeKey, servedClaim, subdomainKey, type Claim, type Claims } from '../model/claims.ts';
import { publicName } from '../model/host-names.ts';
import type { Service } from '../model/service.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { dashed, type PublicEntry } from './route-names.ts';

// Holds a character that no DNS label has, so no subdomain ever meets it.
const rootName = 'root_domain';

/** The public host names of a cluster with one domain per VPS: every public service under its subdomain. */
export function singleDomainEntries(
  snapshot: Snapshot,
  claims: Claims,
  domain: string,
): readonly PublicEntry[] {
  return publicServices(snapshot).flatMap((service) => {
    const key = subdomainKey(service);
    const claim = served(key, service, { snapshot, here: claims.get(key) ?? [] });
    if (claim === undefined) return [];
    const host = publicName(service, domain);
    const name = host === domain ? rootName : service.subdomain;
    return { host, url: `http://${claim.target}`, router: dashed(name), backend: name };
  });
}

/** The public host names of one VPS of a cluster with several domains: the public ones among the services routed to it. */
export function multiDomainEntries(
  snapshot: Snapshot,
  claims: Claims,
  to: { readonly vps: string; readonly routed: readonly string[] },
): readonly PublicEntry[] {
  return to.routed.flatMap((name) => {
    const service = snapshot.services.get(name);
    if (service?.public !== true || service.ip === undefined) return [];
    return (snapshot.routes.get(name)?.domains ?? []).flatMap((domain) => {
      const host = publicName(service, domain);
      const key = routeKey(host);
      const here = (claims.get(key) ?? []).filter((claim) => claim.scope?.includes(to.vps) === true);
      const claim = served(key, service, { snapshot, here });
      if (claim === undefined) return [];
      return {
        host,
        url: `http://${claim.target}`,
        router: `${dashed(name)}-${dashed(domain)}`,
        backend: name,
      };
    });
  });
}

function publicServices(snapshot: Snapshot): readonly Service[] {
  return [...snapshot.services.values()].filter((service) => service.public && service.ip !== undefined);
}

/** The claim of this service, where it is the one that is served under the name here. */
function served(
  key: string,
  service: Service,
  { snapshot, here }: { snapshot: Snapshot; here: readonly Claim[] },
): Claim | undefined {
  const claim = servedClaim(here, snapshot.holders.get(key));
  return claim?.service === service.name ? claim : undefined;
}
