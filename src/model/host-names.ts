import type { ClusterInfo, Domain, Service } from './service.ts';
import type { Node } from './node.ts';

/** True for the two spellings of "no label of its own": the bare domain. */
export function isRoot(subdomain: string): boolean {
  return subdomain === '' || subdomain === '@';
}

/** The names of a service inside the cluster. `@` marks the root of a public domain and names nothing here. */
export function internalNames(service: Service, homeDomain: string): readonly string[] {
  const clusterDomain = service.clusterDomain ?? homeDomain;
  const bare = `${clusterDomain}.local`;
  switch (service.subdomain) {
    case '@':
      return [];
    case '':
    case clusterDomain:
    case bare:
      return [bare];
    case 'dashboard':
      return [`dashboard.${bare}`, bare];
    default:
      return [`${service.subdomain}.${bare}`];
  }
}

/** The name of a service on a public domain. */
export function publicName(service: Service, domain: string): string {
  return isRoot(service.subdomain) ? domain : `${service.subdomain}.${domain}`;
}

/** What a VPS needs to know its public domain in single-domain mode. */
export interface DomainSources {
  readonly clusterInfo: ClusterInfo;
  readonly domains: ReadonlyMap<string, Domain>;
}

/** The public domain of one node in single-domain mode: its own, the cluster's, the only registered one. Never a guess. */
export function publicDomainOf(node: Node, sources: DomainSources): string | undefined {
  const own = node.publicDomain ?? sources.clusterInfo.publicDomain;
  if (own !== undefined) return own;
  return sources.domains.size === 1 ? [...sources.domains.keys()][0] : undefined;
}

/** Backend of a service as `host:port`, IPv6 in brackets. */
export function backendOf(ip: string, port: number): string {
  return `${ip.includes(':') ? `[${ip}]` : ip}:${String(port)}`;
}
