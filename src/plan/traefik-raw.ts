import { evidenceOf } from '../lib/text.ts';

/** A router of the file provider, as Traefik reports it. */
export interface LoadedRouter {
  readonly name: string;
  readonly rule: string;
  readonly service: string;
  readonly entryPoints: readonly string[];
  readonly middlewares: readonly string[];
  readonly tls: boolean;
  readonly status: string;
  readonly error: string;
}

/** A load balancer of the file provider. */
export interface LoadedService {
  readonly urls: readonly string[];
  readonly status: string;
}

/** The part of Traefik's raw data that came from files, names without `@file`. */
export interface RawData {
  readonly routers: ReadonlyMap<string, LoadedRouter>;
  readonly services: ReadonlyMap<string, LoadedService>;
}

type Fields = Readonly<Record<string, unknown>>;

const provider = '@file';

/** Reads the raw data of v2.11 or v3, from its bytes or already parsed. Fields that only one of them has are ignored. */
export function readRawData(rawdata: unknown): RawData | { readonly unreadable: string } {
  const value = rawdata instanceof Uint8Array ? parse(rawdata) : rawdata;
  if (!isFields(value))
    return { unreadable: "expected Traefik's raw data as a JSON object, got something else" };
  const routers = new Map<string, LoadedRouter>();
  const services = new Map<string, LoadedService>();
  for (const [name, fields] of ofFiles(value['routers'])) routers.set(name, readRouter(name, fields));
  for (const [name, fields] of ofFiles(value['services'])) services.set(name, readService(fields));
  return { routers, services };
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// No router of files at all: the section is absent.
function ofFiles(section: unknown): readonly (readonly [string, Fields])[] {
  if (!isFields(section)) return [];
  return Object.entries(section).flatMap(([name, value]) =>
    name.endsWith(provider) && isFields(value) ? [[name.slice(0, -provider.length), value] as const] : [],
  );
}

function readRouter(name: string, fields: Fields): LoadedRouter {
  return {
    name,
    rule: text(fields['rule']),
    service: local(text(fields['service'])),
    entryPoints: texts(fields['entryPoints']),
    middlewares: texts(fields['middlewares']).map(local),
    tls: isFields(fields['tls']),
    status: text(fields['status']),
    error: evidenceOf(texts(fields['error']).join('; ')),
  };
}

function readService(fields: Fields): LoadedService {
  const balancer = fields['loadBalancer'];
  const servers = isFields(balancer) && Array.isArray(balancer['servers']) ? balancer['servers'] : [];
  return {
    urls: servers.map((server: unknown) => (isFields(server) ? text(server['url']) : '')),
    status: text(fields['status']),
  };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function texts(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** A reference without its provider, where that is the file provider itself. */
function local(name: string): string {
  return name.endsWith(provider) ? name.slice(0, -provider.length) : name;
}
