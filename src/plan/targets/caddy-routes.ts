import type { Bundle } from '../../model/bundle.ts';
import { emitCaddy, readCaddy } from '../caddy-file.ts';
import { compareCaddy } from '../compare-caddy.ts';
import { caddyBundle } from '../render-caddy.ts';
import type { Target } from './target.ts';

/** A file that the Caddyfile imports: Caddy is told to load it, its admin API reports what it serves, and it answers requests. */
export const caddyRoutes: Target = {
  kind: 'caddy-routes',
  loading: { before: ['content', 'raw'], proof: ['raw', 'answers'], told: true },
  report: {
    compare: (bundle, raw) => compareCaddy(bundle.expectation, raw),
    silent: "Caddy's admin API does not answer",
  },
  last: { rung: 'answers', bad: 'not_answering', said: 'Caddy does not serve a host name of the file' },
  fallback,
  keepPresent,
};

function fallback(bundle: Bundle, previous: string): string | undefined {
  const present = readCaddy(previous);
  const planned = readCaddy(bundle.bytes);
  if (planned === undefined || present?.clusterId !== planned.clusterId) return undefined;
  const next = new Map(planned.routes.map((route) => [route.host, route]));
  // Another service under the same name: the old one may have been withdrawn, and must not come back under it.
  const routes = present.routes.filter(({ host, backend, upstream }) => {
    const route = next.get(host);
    return route?.backend === backend || route?.upstream === upstream;
  });
  return emitCaddy(planned.clusterId, routes);
}

function keepPresent(bundle: Bundle, clusterId: string, content: string): Bundle | undefined {
  const present = readCaddy(content);
  const planned = readCaddy(bundle.bytes);
  if (planned === undefined || present?.clusterId !== clusterId) return undefined;
  const hosts = new Set(bundle.names);
  const kept = present.routes.filter(({ host }) => !hosts.has(host));
  return kept.length === 0 ? bundle : caddyBundle(clusterId, [...planned.routes, ...kept]);
}
