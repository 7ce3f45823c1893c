import { parseDocument } from 'yaml';
import {
  isRoutesFile,
  plainRouterOf,
  type Backend,
  type RoutePair,
  type RoutesDocument,
} from './routes-file.ts';

const maxBytes = 1024 * 1024;
const rulePattern = /^Host\(`([a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)`\)$/;
const namePattern = /^[a-z0-9][a-z0-9._-]{0,200}$/;
const urlPattern = /^http:\/\/(?:[0-9.]{7,15}|\[[0-9a-f:]{2,39}\]):[0-9]{1,5}$/;

/** Reads a routes file of ours back; undefined where it is not exactly one. */
export function readRoutes(text: string): RoutesDocument | undefined {
  if (!isRoutesFile(text) || text.length > maxBytes) return undefined;
  const document = parseDocument(text, { uniqueKeys: true, logLevel: 'silent' });
  // We write no alias; without this, one that somebody else wrote would throw or grow.
  if (document.errors.length > 0 || /(?:^|\s)[&*]/m.test(text)) return undefined;
  const root: unknown = document.toJS();
  if (root === null || root === undefined) return { pairs: [], backends: [] };
  const http = part(root, 'http');
  const routers = entries(part(http, 'routers'));
  const services = entries(part(http, 'services'));
  if (routers === undefined || services === undefined) return undefined;
  const backends = services.map(([service, value]) => readBackend(service, value));
  const pairs = readPairs(routers);
  if (pairs === undefined || !backends.every((backend) => backend !== undefined)) return undefined;
  const known = new Set(backends.map((backend) => backend.service));
  const whole = pairs.every((pair) => known.has(pair.service)) && part(http, 'middlewares') !== undefined;
  return whole ? { pairs, backends } : undefined;
}

function readPairs(routers: readonly (readonly [string, unknown])[]): readonly RoutePair[] | undefined {
  const pairs: RoutePair[] = [];
  const plain = new Map<string, string>();
  for (const [router, value] of routers) {
    const rule = part(value, 'rule');
    const service = part(value, 'service');
    const host = typeof rule === 'string' ? rulePattern.exec(rule)?.[1] : undefined;
    if (
      host === undefined ||
      typeof service !== 'string' ||
      !namePattern.test(router) ||
      !namePattern.test(service)
    )
      return undefined;
    if (part(value, 'tls') === undefined) plain.set(router, host);
    else pairs.push({ router, host, service });
  }
  const whole =
    pairs.length === plain.size && pairs.every((pair) => plain.get(plainRouterOf(pair.router)) === pair.host);
  return whole ? pairs : undefined;
}

function readBackend(service: string, value: unknown): Backend | undefined {
  const servers = part(part(value, 'loadBalancer'), 'servers');
  const url: unknown = Array.isArray(servers) && servers.length === 1 ? part(servers[0], 'url') : undefined;
  return typeof url === 'string' && urlPattern.test(url) && namePattern.test(service)
    ? { service, url }
    : undefined;
}

function part(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Readonly<Record<string, unknown>>)[key]
    : undefined;
}

function entries(value: unknown): readonly (readonly [string, unknown])[] | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.entries(value)
    : undefined;
}
