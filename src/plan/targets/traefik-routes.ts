import type { Bundle } from '../../model/bundle.ts';
import { compareTraefik } from '../compare-traefik.ts';
import { readRoutes } from '../read-routes.ts';
import { routesBundle } from '../render-routes.ts';
import { freeName } from '../route-names.ts';
import {
  emitRoutes,
  plainRouterOf,
  titleOf,
  type Backend,
  type RoutePair,
  type RoutesDocument,
} from '../routes-file.ts';
import type { Target } from './target.ts';

/** A dynamic file of Traefik: it loads the file by itself, reports what it loaded, and answers requests. */
export const traefikRoutes: Target = {
  kind: 'traefik-routes',
  loading: { before: ['content', 'raw'], proof: ['raw', 'answers'], told: false },
  report: {
    compare: (bundle, raw, previous) => compareTraefik(bundle.expectation, raw, previous),
    silent: "Traefik's API does not answer",
  },
  last: { rung: 'answers', bad: 'not_answering', said: 'a request by host name gets 404' },
  fallback,
  keepPresent,
};

function fallback(bundle: Bundle, previousContent: string): string | undefined {
  const clusterId = routesClusterOf(bundle.bytes);
  if (clusterId === undefined || routesClusterOf(previousContent) !== clusterId) return undefined;
  const previous = readRoutes(previousContent);
  const planned = readRoutes(bundle.bytes);
  if (previous === undefined || planned === undefined) return undefined;
  const backendUrls = urlsOf(previous.backends);
  const plannedUrls = urlsOf(planned.backends);
  const plannedPairs = new Map(planned.pairs.map((pair) => [pair.host, pair]));
  const pairs = previous.pairs.filter((pair) => {
    const next = plannedPairs.get(pair.host);
    if (next === undefined) return false;
    // Another service under the same name: the old one may have been withdrawn, and must not come back under it.
    return next.service === pair.service || plannedUrls.get(next.service) === backendUrls.get(pair.service);
  });
  return emitRoutes(clusterId, { pairs, backends: usedBackends(pairs, previous.backends) });
}

function urlsOf(backends: readonly Backend[]): ReadonlyMap<string, string> {
  return new Map(backends.map(({ service, url }) => [service, url]));
}

/** The backends that the routers still name. */
function usedBackends(pairs: readonly RoutePair[], backends: readonly Backend[]): readonly Backend[] {
  const used = new Set(pairs.map((pair) => pair.service));
  return backends.filter((backend) => used.has(backend.service));
}

/** The cluster that a routes file of ours names in its first line. */
function routesClusterOf(text: string): string | undefined {
  const first = text.slice(0, Math.max(0, text.indexOf('\n')));
  const clusterId = first.slice(titleOf('').length);
  return first.startsWith(titleOf('')) && /^[a-z0-9-]{8,64}$/.test(clusterId) ? clusterId : undefined;
}

function keepPresent(bundle: Bundle, clusterId: string, content: string): Bundle | undefined {
  const present = routesClusterOf(content) === clusterId ? readRoutes(content) : undefined;
  const planned = readRoutes(bundle.bytes);
  if (present === undefined || planned === undefined || bundle.expectation.kind !== 'traefik')
    return undefined;
  const hosts = new Set(bundle.names);
  const kept = present.pairs.filter((pair) => !hosts.has(pair.host));
  if (kept.length === 0) return bundle;
  const backends = usedBackends(kept, present.backends);
  const domains = bundle.expectation.domains ?? [];
  return routesBundle(joined(planned, { pairs: kept, backends }), { clusterId, domains });
}

/** The planned document with more routes, whose names give way where they meet planned ones: a doubled key would cost the whole file. */
function joined(planned: RoutesDocument, more: RoutesDocument): RoutesDocument {
  const services = new Set(planned.backends.map((backend) => backend.service));
  const renamed = new Map<string, string>();
  const backends: Backend[] = more.backends.map(({ service, url }) => {
    const name = freeName(service, `${service} ${url}`, (wish) => !services.has(wish));
    services.add(name);
    renamed.set(service, name);
    return { service: name, url };
  });
  const routers = new Set(planned.pairs.flatMap(({ router }) => [router, plainRouterOf(router)]));
  const pairs = more.pairs.map(({ router, host, service }): RoutePair => {
    const name = freeName(router, host, (wish) => !routers.has(wish) && !routers.has(plainRouterOf(wish)));
    routers.add(name).add(plainRouterOf(name));
    return { router: name, host, service: renamed.get(service) ?? service };
  });
  const byName = <T>(items: readonly T[], key: (item: T) => string): readonly T[] =>
    items.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
  return {
    pairs: byName([...planned.pairs, ...pairs], (pair) => pair.host),
    backends: byName([...planned.backends, ...backends], (backend) => backend.service),
  };
}
