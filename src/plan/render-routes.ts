import { digestOf, type Bundle } from '../model/bundle.ts';
import { emitRoutes, plainRouterOf, routeWords, ruleOf, type RoutesDocument } from './routes-file.ts';
import { nameRoutes, type PublicEntry } from './route-names.ts';

/** What a routes file belongs to: the cluster, and the domains under which its host names lie. */
export interface RoutesContext {
  readonly clusterId: string;
  readonly domains: readonly string[];
}

/** The Traefik file of one VPS. */
export function renderRoutes(entries: readonly PublicEntry[], context: RoutesContext): Bundle {
  return routesBundle(nameRoutes(entries), context);
}

/** A bundle of a given document. */
export function routesBundle(document: RoutesDocument, { clusterId, domains }: RoutesContext): Bundle {
  const bytes = emitRoutes(clusterId, document);
  const { entryPoint, plainEntryPoint } = routeWords;
  return {
    kind: 'traefik-routes',
    bytes,
    digest: digestOf(bytes),
    names: [...new Set(document.pairs.map((pair) => pair.host))],
    expectation: {
      kind: 'traefik',
      routers: document.pairs.flatMap(({ router, host, service }) => [
        { name: router, rule: ruleOf(host), service, entryPoints: [entryPoint] },
        { name: plainRouterOf(router), rule: ruleOf(host), service, entryPoints: [plainEntryPoint] },
      ]),
      services: document.backends.map(({ service, url }) => ({ name: service, urls: [url] })),
      domains,
    },
  };
}
