import type { Bundle } from '../model/bundle.ts';
import { emitHosts, readHosts } from './hosts-block.ts';
import { readRoutes } from './read-routes.ts';
import { emitRoutes, titleOf, type Backend, type RoutePair } from './routes-file.ts';

/**
 * What a restore may bring back: the bytes that stood there, minus every name the new plan withdraws.
 * Undefined where those bytes are not ours or cannot be read: then nothing may be restored.
 */
export function fallbackFor(bundle: Bundle, previousContent: string): string | undefined {
  return bundle.kind === 'hosts'
    ? hostsFallback(bundle, previousContent)
    : routesFallback(bundle, previousContent);
}

function hostsFallback(bundle: Bundle, previousContent: string): string | undefined {
  const previous = readHosts(previousContent);
  const planned = readHosts(bundle.bytes);
  if (planned === undefined || previous?.clusterId !== planned.clusterId) return undefined;
  const names = new Set(bundle.names);
  return emitHosts(
    planned.clusterId,
    previous.entries.filter((entry) => names.has(entry.name)),
  );
}

function routesFallback(bundle: Bundle, previousContent: string): string | undefined {
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
export function usedBackends(pairs: readonly RoutePair[], backends: readonly Backend[]): readonly Backend[] {
  const used = new Set(pairs.map((pair) => pair.service));
  return backends.filter((backend) => used.has(backend.service));
}

/** The cluster that a routes file of ours names in its first line. */
export function routesClusterOf(text: string): string | undefined {
  const first = text.slice(0, Math.max(0, text.indexOf('\n')));
  const clusterId = first.slice(titleOf('').length);
  return first.startsWith(titleOf('')) && /^[a-z0-9-]{8,64}$/.test(clusterId) ? clusterId : undefined;
}
