import type { Expectation } from '../model/bundle.ts';
import { readCaddyConfig, type LoadedCaddyRoute } from './caddy-config.ts';
import type { Comparison } from './targets/target.ts';

const differs = (evidence: string): Comparison => ({ agrees: false, evidence });

/**
 * Compares the plan with the configuration that Caddy itself reports: the host names and upstreams of all routes that carry our mark,
 * none missing and none more, and nothing of others before them that takes one of our names. Other routes are not our business.
 */
export function compareCaddy(expectation: Expectation, raw: Uint8Array): Comparison {
  if (expectation.kind !== 'caddy') return differs('the expectation is not one of Caddy');
  const loaded = readCaddyConfig(raw);
  if ('unreadable' in loaded) return differs(loaded.unreadable);
  const ours = loaded.filter(({ mark }) => mark?.startsWith(`${expectation.clusterId}/`));
  for (const expected of expectation.routes) {
    const wrong = difference(expected, loaded, ours);
    if (wrong !== undefined) return differs(`route ${expected.host}: ${wrong}`);
  }
  const planned = new Set(expectation.routes.map(({ host }) => host));
  const left = ours.find(({ hosts }) => !hosts.every((host) => planned.has(host)) || hosts.length === 0);
  return left === undefined
    ? { agrees: true }
    : differs(`route ${left.hosts.join(', ') || 'of any host'} is still loaded and is not in the plan`);
}

function difference(
  { host, upstream }: { readonly host: string; readonly upstream: string },
  loaded: readonly LoadedCaddyRoute[],
  ours: readonly LoadedCaddyRoute[],
): string | undefined {
  const routes = ours.filter(({ hosts }) => hosts.includes(host));
  const [route] = routes;
  if (route === undefined) return 'expected it to be loaded, got none';
  const found = routes.flatMap(({ upstreams }) => upstreams);
  if (found.length !== 1 || found[0] !== upstream)
    return `expected the upstream ${upstream}, got ${found.join(', ') || 'none'}`;
  if (route.conditional) return 'expected it for every request, got further conditions';
  const before = loaded.slice(0, loaded.indexOf(route));
  return before.some(({ server, hosts }) => server === route.server && hosts.includes(host))
    ? 'another route takes the name before ours'
    : undefined;
}
