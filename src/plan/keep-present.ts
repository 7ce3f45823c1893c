import type { Bundle } from '../model/bundle.ts';
import { usedBackends } from './fallback.ts';
import { readHosts } from './hosts-block.ts';
import { readRoutes } from './read-routes.ts';
import { hostsBundle } from './render-hosts.ts';
import { routesBundle } from './render-routes.ts';
import { plainRouterOf } from './routes-file.ts';

/**
 * The bundle plus every name the node holds and the plan does not know: before a complete source was ever seen,
 * an absence proves nothing. Undefined where the node's bytes are not ours to read: then nothing may be replaced.
 */
export function keepPresent(bundle: Bundle, clusterId: string, content: string): Bundle | undefined {
  if (content === '') return bundle;
  return bundle.expectation.kind === 'hosts' ? keepHosts(bundle, clusterId, content) : keepRoutes(bundle, clusterId, content);
}

function keepHosts(bundle: Bundle, clusterId: string, content: string): Bundle | undefined {
  const present = readHosts(content);
  const planned = readHosts(bundle.bytes);
  if (present === undefined || planned === undefined) return undefined;
  const known = new Set(bundle.names);
  return hostsBundle(clusterId, [...planned.entries, ...present.entries.filter((entry) => !known.has(entry.name))]);
}

function keepRoutes(bundle: Bundle, clusterId: string, content: string): Bundle | undefined {
  const present = readRoutes(content);
  const planned = readRoutes(bundle.bytes);
  if (present === undefined || planned === undefined || bundle.expectation.kind !== 'traefik') return undefined;
  const hosts = new Set(bundle.names);
  const routers = new Set(planned.pairs.flatMap((pair) => [pair.router, plainRouterOf(pair.router)]));
  const services = new Set(planned.backends.map((backend) => backend.service));
  // A kept router must not take a planned one's key: a doubled key would cost the whole file.
  const kept = present.pairs
    .filter((pair) => !hosts.has(pair.host))
    .map((pair) => ({ ...pair, router: routers.has(pair.router) ? `kept-${pair.router}` : pair.router }));
  const backends = usedBackends(kept, present.backends).map((backend) => ({ from: backend.service, ...backend, service: services.has(backend.service) ? `kept-${backend.service}` : backend.service }));
  const renamed = new Map(backends.map(({ from, service }) => [from, service]));
  const pairs = kept.map((pair) => ({ ...pair, service: renamed.get(pair.service) ?? pair.service }));
  return routesBundle(
    { pairs: [...planned.pairs, ...pairs], backends: [...planned.backends, ...backends.map(({ service, url }) => ({ service, url }))] },
    { clusterId, domains: bundle.expectation.domains ?? [] },
  );
}
