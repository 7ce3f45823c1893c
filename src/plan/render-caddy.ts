import { digestOf, type Bundle } from '../model/bundle.ts';
import { emitCaddy, type CaddyRoute } from './caddy-file.ts';
import type { PublicEntry } from './route-names.ts';

/** The file of one Caddy edge. */
export function renderCaddy(entries: readonly PublicEntry[], clusterId: string): Bundle {
  return caddyBundle(
    clusterId,
    entries.map(({ host, backend, url }) => ({
      host,
      backend: backend.toLowerCase(),
      upstream: url.slice('http://'.length),
    })),
  );
}

/** A bundle of given routes. */
export function caddyBundle(clusterId: string, routes: readonly CaddyRoute[]): Bundle {
  const bytes = emitCaddy(clusterId, routes);
  const sorted = routes.toSorted((a, b) => (a.host < b.host ? -1 : 1));
  return {
    kind: 'caddy-routes',
    bytes,
    digest: digestOf(bytes),
    names: sorted.map(({ host }) => host),
    expectation: {
      kind: 'caddy',
      clusterId,
      routes: sorted.map(({ host, upstream }) => ({ host, upstream })),
    },
  };
}
