import type { Bundle } from '../model/bundle.ts';
import { routesClusterOf, usedBackends } from './fallback.ts';
import { readHosts } from './hosts-block.ts';
import { readRoutes } from './read-routes.ts';
import { hostsBundle } from './render-hosts.ts';
import { routesBundle } from './render-routes.ts';
import { freeName } from './route-names.ts';
import { plainRouterOf, type Backend, type RoutePair, type RoutesDocument } from './routes-file.ts';

/**
 * The bundle plus every name the node holds and the plan does not know: before a complete source was ever seen,
 * an absence proves nothing. Undefined where the node's bytes are not ours to read: then nothing may be replaced.
 */
export function keepPresent(bundle: Bundle, clusterId: string, content: string): Bundle | undefined {
  if (content === '') return bundle;
  return bundle.kind === 'hosts'
    ? keepHosts(bundle, clusterId, content)
    : keepRoutes(bundle, clusterId, content);
}

function keepHosts(bundle: Bundle, clusterId: string, content: string): Bundle | undefined {
  const present = readHosts(content);
  const planned = readHosts(bundle.bytes);
  if (planned === undefined || present?.clusterId !== clusterId) return undefined;
  const names = new Set(bundle.names);
  const kept = present.entries.filter((entry) => !names.has(entry.name));
  return kept.length === 0 ? bundle : hostsBundle(clusterId, [...planned.entries, ...kept]);
}

function keepRoutes(bundle: Bundle, clusterId: string, content: string): Bundle | undefined {
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
