import { backendOf, internalNames, isRoot, publicName } from './host-names.ts';
import type { ClusterInfo, Route, Service } from './service.ts';

/** What the claims of a snapshot depend on. */
export interface ClaimGround {
  readonly clusterInfo: ClusterInfo;
  readonly services: ReadonlyMap<string, Service>;
  readonly routes: ReadonlyMap<string, Route>;
  readonly multiDomain: boolean;
  readonly holders: ReadonlyMap<string, string>;
}

/** One service's wish for one host name. Equal targets are one entry, whoever asks. */
export interface Claim {
  /** `hosts/<name>`, `routes/<name>`; with a single public domain `routes/<subdomain>`, since each VPS may have its own. */
  readonly key: string;
  readonly service: string;
  /** The place of its source among several. */
  readonly rank: number;
  readonly target: string;
  /** The VPS addresses on which it counts; undefined is everywhere. */
  readonly scope: readonly string[] | undefined;
}

export type Claims = ReadonlyMap<string, readonly Claim[]>;

/** Key of an internal name. */
export function hostsKey(name: string): string {
  return `hosts/${name}`;
}

/** Key of a public name on several domains. */
export function routeKey(host: string): string {
  return `routes/${host}`;
}

/** Key of a public name on the one domain of a VPS. */
export function subdomainKey(service: Service): string {
  return `routes/${isRoot(service.subdomain) ? '@' : service.subdomain}`;
}

/** All wishes for host names, by key: those of the source that wins first, then in code-point order of the service names. */
export function claimsOf(ground: ClaimGround): Claims {
  const claims = new Map<string, Claim[]>();
  const put = (claim: Claim): void => {
    const list = claims.get(claim.key);
    if (list === undefined) claims.set(claim.key, [claim]);
    else list.push(claim);
  };
  for (const service of [...ground.services.values()].sort(before)) {
    if (service.ip === undefined) continue;
    for (const claim of internalClaims(service, service.ip, ground.clusterInfo.domain)) put(claim);
    if (service.public) for (const claim of publicClaims(service, service.ip, ground)) put(claim);
  }
  return claims;
}

/** Services of the source that wins come first, then the name decides. */
function before(a: Service, b: Service): number {
  const [first, second] = [a.rank ?? 0, b.rank ?? 0];
  return first === second ? (a.name < b.name ? -1 : 1) : first - second;
}

function internalClaims(service: Service, ip: string, clusterDomain: string | undefined): readonly Claim[] {
  if (clusterDomain === undefined) return [];
  return internalNames(service, clusterDomain).map((name) => ({
    key: hostsKey(name),
    service: service.name,
    rank: service.rank ?? 0,
    target: ip,
    scope: undefined,
  }));
}

function publicClaims(service: Service, ip: string, ground: ClaimGround): readonly Claim[] {
  const target = backendOf(ip, service.port);
  const rank = service.rank ?? 0;
  if (!ground.multiDomain)
    return [{ key: subdomainKey(service), service: service.name, rank, target, scope: undefined }];
  const route = ground.routes.get(service.name);
  if (route === undefined || route.vpsNodes.length === 0) return [];
  return route.domains.map((domain) => ({
    key: routeKey(publicName(service, domain)),
    service: service.name,
    rank,
    target,
    scope: route.vpsNodes,
  }));
}

/** The claim that is served: of the source that wins, the recorded holder's, else the smallest service name's. `claims` is in that order. */
export function servedClaim(claims: readonly Claim[], holder: string | undefined): Claim | undefined {
  const [first] = claims;
  return claims.find((claim) => claim.service === holder && claim.rank === first?.rank) ?? first;
}

/** A claim that is not served because another one holds the name. */
export interface LostClaim {
  readonly lost: Claim;
  readonly holder: Claim;
}

/** Decides who keeps each name that is claimed with different targets. Key order of the registry plays no part. */
export function decideHolders(
  ground: ClaimGround,
  previous: ClaimGround | undefined,
): {
  readonly holders: ReadonlyMap<string, string>;
  readonly lost: readonly LostClaim[];
} {
  const holders = new Map<string, string>();
  const lost: LostClaim[] = [];
  let before: Claims | undefined;
  for (const [key, claims] of claimsOf(ground)) {
    if (claims.length < 2 || claims.every((claim) => claim.target === claims[0]?.target)) continue;
    before ??= previous === undefined ? new Map<string, readonly Claim[]>() : claimsOf(previous);
    const was = servedClaim(before.get(key) ?? [], previous?.holders.get(key))?.service;
    const losers = losersOf(claims, was);
    if (losers.length === 0) continue;
    lost.push(...losers);
    const holder = servedClaim(claims, was);
    if (holder !== undefined) holders.set(key, holder.service);
  }
  return { holders, lost };
}

/** Claims that lose on at least one VPS, each once, with who beats them there. */
function losersOf(claims: readonly Claim[], was: string | undefined): readonly LostClaim[] {
  const places = new Set(claims.flatMap((claim) => claim.scope ?? ['']));
  const lost = new Map<string, LostClaim>();
  for (const place of places) {
    const here = claims.filter((claim) => claim.scope === undefined || claim.scope.includes(place));
    const holder = servedClaim(here, was);
    if (holder === undefined) continue;
    for (const claim of here) {
      if (claim.target !== holder.target && !lost.has(claim.service))
        lost.set(claim.service, { lost: claim, holder });
    }
  }
  return [...lost.values()];
}
