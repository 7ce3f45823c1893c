import { caddyMark } from './caddy-file.ts';

/** A route of a server of Caddy, as far as we look into it. */
export interface LoadedCaddyRoute {
  readonly server: string;
  /** Host names of its matcher. */
  readonly hosts: readonly string[];
  /** The mark that a route of ours carries: `<cluster>/<backend>`. */
  readonly mark: string | undefined;
  readonly upstreams: readonly string[];
  /** True where something beside the host name decides whether it is taken. */
  readonly conditional: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

/** Reads the whole configuration as Caddy's admin API gives it (`/config/`), in the order in which routes are tried. */
export function readCaddyConfig(
  raw: Uint8Array,
): readonly LoadedCaddyRoute[] | { readonly unreadable: string } {
  const config = parse(raw);
  if (config === undefined)
    return { unreadable: "expected Caddy's configuration as JSON, got something else" };
  const servers = at(at(at(config, 'apps'), 'http'), 'servers');
  return Object.entries(isFields(servers) ? servers : {}).flatMap(([server, fields]) =>
    listed(at(fields, 'routes')).map((route) => readRoute(server, route)),
  );
}

function parse(raw: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(raw).toString('utf8'));
  } catch {
    return undefined;
  }
}

function readRoute(server: string, route: unknown): LoadedCaddyRoute {
  const matchers = listed(at(route, 'match'));
  const handlers = deepHandlers(route);
  const mark = handlers
    .filter((handler) => at(handler, 'handler') === 'vars')
    .map((handler) => at(handler, caddyMark))
    .find((value) => typeof value === 'string');
  return {
    server,
    hosts: matchers.flatMap((matcher) => texts(at(matcher, 'host'))),
    mark,
    upstreams: handlers
      .filter((handler) => at(handler, 'handler') === 'reverse_proxy')
      .flatMap((handler) => listed(at(handler, 'upstreams')))
      .map((upstream) => text(at(upstream, 'dial'))),
    conditional: matchers.some(
      (matcher) => isFields(matcher) && Object.keys(matcher).some((key) => key !== 'host'),
    ),
  };
}

/** The handlers of a route and of the routes inside it; how deep they are nested is the adapter's own business. */
function deepHandlers(route: unknown, depth = 0): readonly unknown[] {
  if (depth > 8) return [];
  return listed(at(route, 'handle')).flatMap((handler) => [
    handler,
    ...listed(at(handler, 'routes')).flatMap((inner) => deepHandlers(inner, depth + 1)),
  ]);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function at(value: unknown, key: string): unknown {
  return isFields(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

function listed(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function texts(value: unknown): readonly string[] {
  return listed(value).filter((item) => typeof item === 'string');
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
