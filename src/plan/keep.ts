import type { Bundle } from '../model/bundle.ts';
import { routesClusterOf, usedBackends } from './fallback.ts';
import { readHosts } from './hosts-block.ts';
import { readRoutes } from './read-routes.ts';
import { hostsBundle } from './render-hosts.ts';
import { routesBundle } from './render-routes.ts';
import { freeName } from './route-names.ts';
import { plainRouterOf, type Backend, type RoutePair, type RoutesDocument } from './routes-file.ts';

/**
 * The plan of a node plus the names it holds and the plan does not know: what may be pushed while no complete source was ever seen.
 * Undefined where the present bytes are not ours or cannot be read: then it cannot be known what a push would remove.
 */
export function withKept(bundle: Bundle, previousContent: string): Bundle | undefined {
  if (previousContent === '') return bundle;
  return bundle.kind === 'hosts' ? keptHosts(bundle, previousContent) : keptRoutes(bundle, previousContent);
}

function keptHosts(bundle: Bundle, previousContent: string): Bundle | undefined {
  const previous = readHosts(previousContent);
  const planned = readHosts(bundle.bytes);
  if (previous === undefined || planned === undefined || previous.clusterId !== planned.clusterId) return undefined;
  const names = new Set(bundle.names);
  const kept = previous.entries.filter((entry) => !names.has(entry.name));
  return kept.length === 0 ? bundle : hostsBundle(planned.clusterId, [...planned.entries, ...kept]);
}

function keptRoutes(bundle: Bundle, previousContent: string): Bundle | undefined {
  const clusterId = routesClusterOf(bundle.bytes);
  const previous = readRoutes(previousContent);
  const planned = readRoutes(bundle.bytes);
  if (clusterId === undefined || routesClusterOf(previousContent) !== clusterId) return undefined;
  if (previous === undefined || planned === undefined || bundle.expectation.kind !== 'traefik') return undefined;
  const hosts = new Set(bundle.names);
  const kept = previous.pairs.filter((pair) => !hosts.has(pair.host));
  if (kept.length === 0) return bundle;
  const backends = usedBackends(kept, previous.backends);
  return routesBundle(joined(planned, { pairs: kept, backends }), { clusterId, domains: bundle.expectation.domains ?? [] });
}

/** The planned document with more routes, whose names give way where they meet planned ones. */
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
  const byName = <T>(items: readonly T[], key: (item: T) => string): readonly T[] => items.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
  return {
    pairs: byName([...planned.pairs, ...pairs], (pair) => pair.host),
    backends: byName([...planned.backends, ...backends], (backend) => backend.service),
  };
}
