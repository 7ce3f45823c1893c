import type { ExpectedRouter, Expectation } from '../model/bundle.ts';
import { ownLeftovers } from './own-routers.ts';
import type { Comparison } from './targets/target.ts';
import { readRawData, type LoadedRouter, type LoadedService } from './traefik-raw.ts';

const agrees: Comparison = { agrees: true };
const differs = (evidence: string): Comparison => ({ agrees: false, evidence });

/**
 * Compares the plan with what Traefik itself reports (`/api/rawdata`, v2.11 or v3): rule, entry points and servers of all our
 * routers and services, and no leftover of ours. An unchanged name proves nothing. Routers of other files are not our business.
 * `previous`, the bytes that stood in our file before, makes leftovers certain where it is known.
 */
export function compareTraefik(expectation: Expectation, rawdata: unknown, previous = ''): Comparison {
  if (expectation.kind !== 'traefik') return differs('the expectation is not one of Traefik');
  const raw = readRawData(rawdata);
  if ('unreadable' in raw) return differs(raw.unreadable);
  for (const expected of expectation.routers) {
    const wrong = routerDifference(expected, raw.routers.get(expected.name));
    if (wrong !== undefined) return differs(`router ${expected.name}: ${wrong}`);
  }
  for (const expected of expectation.services) {
    const wrong = serviceDifference(expected.urls, raw.services.get(expected.name));
    if (wrong !== undefined) return differs(`service ${expected.name}: ${wrong}`);
  }
  const [left] = ownLeftovers(expectation, raw, previous);
  return left === undefined
    ? agrees
    : differs(`router ${left.name} is still loaded (${left.rule}) and is not in the plan`);
}

function routerDifference(expected: ExpectedRouter, loaded: LoadedRouter | undefined): string | undefined {
  if (loaded === undefined) return 'expected it to be loaded, got none';
  if (loaded.rule !== expected.rule) return `expected the rule ${expected.rule}, got ${loaded.rule}`;
  if (loaded.service !== expected.service)
    return `expected the service ${expected.service}, got ${loaded.service}`;
  if (!sameSet(loaded.entryPoints, expected.entryPoints)) {
    return `expected the entry point ${expected.entryPoints.join(', ')}, got ${loaded.entryPoints.join(', ') || 'none'}`;
  }
  return loaded.status === 'disabled'
    ? `expected it to be enabled, got disabled${loaded.error === '' ? '' : `: ${loaded.error}`}`
    : undefined;
}

function serviceDifference(urls: readonly string[], loaded: LoadedService | undefined): string | undefined {
  if (loaded === undefined) return 'expected it to be loaded, got none';
  if (!sameSet(loaded.urls, urls))
    return `expected ${urls.join(', ')}, got ${loaded.urls.join(', ') || 'no server'}`;
  return loaded.status === 'disabled' ? 'expected it to be enabled, got disabled' : undefined;
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.toSorted().join(' ') === b.toSorted().join(' ');
}
