import type { Expectation } from '../model/bundle.ts';
import { readRoutes } from './read-routes.ts';
import { dashed } from './route-names.ts';
import { plainRouterOf, routeWords, ruleOf } from './routes-file.ts';
import type { LoadedRouter, RawData } from './traefik-raw.ts';

type Traefik = Expectation & { readonly kind: 'traefik' };

/**
 * Routers that are loaded, are not in the plan, and are of our making. Files beside ours may define routers too, and those must never
 * count; so a router is ours only by everything we write at once: a rule of one host under our domains, the pair of a secure and a
 * redirecting router with equal rule and service, and names as we form them from that host; or by standing in our file before.
 */
export function ownLeftovers(expectation: Traefik, raw: RawData, previous: string): readonly LoadedRouter[] {
  const expected = new Set(expectation.routers.map((router) => router.name));
  const domains = expectation.domains ?? [];
  const before = new Map(
    (readRoutes(previous)?.pairs ?? []).map(({ router, host }) => [router, ruleOf(host)]),
  );
  return [...raw.routers.values()].filter(
    (router) =>
      !expected.has(router.name) && (before.get(router.name) === router.rule || isOurs(router, raw, domains)),
  );
}

function isOurs(router: LoadedRouter, raw: RawData, domains: readonly string[]): boolean {
  const plain = raw.routers.get(plainRouterOf(router.name));
  if (plain?.rule !== router.rule || plain.service !== router.service) return false;
  if (!router.tls || !isOnly(router.entryPoints, routeWords.entryPoint)) return false;
  if (
    !isOnly(plain.entryPoints, routeWords.plainEntryPoint) ||
    !isOnly(plain.middlewares, routeWords.redirect)
  )
    return false;
  const host = /^Host\(`([a-z0-9.-]+)`\)$/.exec(router.rule)?.[1];
  if (host === undefined || router.rule !== ruleOf(host)) return false;
  return domains.some((domain) => isUnder(host, domain) && isNamedAsOurs(router, host, domain));
}

function isOnly(list: readonly string[], item: string): boolean {
  return list.length === 1 && list[0] === item;
}

function isUnder(host: string, domain: string): boolean {
  return host === domain || host.endsWith(`.${domain}`);
}

/** `<subdomain>` with `<subdomain>-service`, or `<service>-<domain>` with `<service>-service`; a tail `-x<digest>` told it apart. */
function isNamedAsOurs(router: LoadedRouter, host: string, domain: string): boolean {
  const name = untold(router.name);
  const base = /^(.+)-service$/.exec(untold(router.service))?.[1];
  if (base === undefined) return false;
  if (name === `${base}-${dashed(domain)}`) return true;
  const subdomain = host === domain ? 'root_domain' : dashed(host.slice(0, -domain.length - 1));
  return name === subdomain && base === subdomain;
}

function untold(name: string): string {
  return name.replace(/-x(?:[0-9a-f]{8})+$/, '');
}
