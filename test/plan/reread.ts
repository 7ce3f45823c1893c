import { expect } from 'vitest';
import { parseDocument } from 'yaml';
import type { Bundle, TargetKind } from '../../src/model/bundle.ts';

/** The part of a Traefik dynamic file that we write. */
export interface DynamicFile {
  readonly http?: {
    readonly routers: Readonly<Record<string, RouterFile>>;
    readonly services: Readonly<
      Record<string, { readonly loadBalancer: { readonly servers: readonly { readonly url: string }[] } }>
    >;
    readonly middlewares: Readonly<Record<string, unknown>>;
  };
}

interface RouterFile {
  readonly rule: string;
  readonly service: string;
  readonly entryPoints: readonly string[];
  readonly tls?: { readonly certResolver: string };
  readonly middlewares?: readonly string[];
}

/** Reads YAML as strictly as Traefik does: a duplicate key is an error. Both YAML versions must read it alike. */
export function rereadYaml(bytes: string): DynamicFile {
  const [newer, older] = (['1.2', '1.1'] as const).map((version) => {
    const document = parseDocument(bytes, { uniqueKeys: true, version, logLevel: 'silent' });
    expect(document.errors).toEqual([]);
    return document.toJS() as DynamicFile | null;
  });
  expect(newer).toEqual(older);
  return newer ?? {};
}

/** Asserts that the bytes of a bundle say exactly what its expectation says, and nothing that a consumer would interpret further. */
export function expectAsPlanned(bundle: Bundle): void {
  expect(bundle.bytes).toMatch(/^[\t\n -~]*$/);
  expect(bundle.bytes.endsWith('\n')).toBe(true);
  expect(bundle.bytes).not.toContain('{{');
  expect(bundle.bytes.replaceAll(/Host\(`[a-z0-9.-]+`\)/g, '')).not.toContain('`');
  expectations[bundle.kind](bundle);
}

const expectations: Readonly<Record<TargetKind, (bundle: Bundle) => void>> = {
  hosts: expectHosts,
  'traefik-routes': expectRoutes,
  'dnsmasq-hosts': expectNames,
  'caddy-routes': expectSites,
};

/** Every line is one of the form of /etc/hosts; nothing in the file is a setting of dnsmasq. */
function expectNames(bundle: Bundle): void {
  const [title, ...rest] = bundle.bytes.trimEnd().split('\n');
  expect(title).toMatch(/^# sync-controller names [a-z0-9-]+$/);
  const pairs = rest
    .filter((line) => !line.startsWith('# '))
    .map((line) => /^([0-9a-f.:]+)\t([a-z0-9.-]+)$/.exec(line))
    .map((match) => ({ name: match?.[2], ip: match?.[1] }));
  expect(bundle.expectation).toEqual({ kind: 'hosts', names: pairs });
  expect(bundle.names).toEqual(pairs.map((pair) => pair.name));
  expect(new Set(bundle.names).size).toBe(bundle.names.length);
}

/** Comments, then sites of four lines each, which hold nothing but a host name, our mark and an upstream. */
function expectSites(bundle: Bundle): void {
  if (bundle.expectation.kind !== 'caddy') throw new Error('the bundle expects no sites');
  const { clusterId, routes } = bundle.expectation;
  const [title, ...rest] = bundle.bytes.trimEnd().split('\n');
  expect(title).toBe(`# sync-controller caddy ${clusterId}`);
  const lines = rest.filter((line) => !line.startsWith('# '));
  const sites = Array.from({ length: lines.length / 4 }, (_, at) => lines.slice(at * 4, at * 4 + 4));
  const read = sites.map(([host, mark, upstream, end]) => {
    expect(mark).toMatch(new RegExp(`^\tvars sync_controller ${clusterId}/[a-z0-9][a-z0-9._-]*$`));
    expect(end).toBe('}');
    return {
      host: /^([a-z0-9.-]+\.[a-z0-9-]+) \{$/.exec(host ?? '')?.[1],
      upstream: /^\treverse_proxy ([0-9.]+:\d+|\[[0-9a-f:]+\]:\d+)$/.exec(upstream ?? '')?.[1],
    };
  });
  expect(read).toEqual(routes);
  expect(bundle.names).toEqual(routes.map(({ host }) => host));
  expect(new Set(bundle.names).size).toBe(bundle.names.length);
}

function expectHosts(bundle: Bundle): void {
  const lines = bundle.bytes.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const pairs = lines
    .map((line) => line.split(/\s+/))
    .map(([ip, ...names]) => ({ name: names.join(' '), ip }));
  expect(bundle.expectation).toEqual({ kind: 'hosts', names: pairs });
  expect(bundle.names).toEqual(pairs.map((pair) => pair.name));
  expect(new Set(bundle.names).size).toBe(bundle.names.length);
  expect(bundle.bytes.split('\n')[0]).toMatch(/^# BEGIN sync-controller [a-z0-9-]+$/);
  expect(bundle.bytes.split('\n').at(-2)).toMatch(/^# END sync-controller [a-z0-9-]+$/);
}

/** JavaScript puts keys that look like numbers first, so only the names can be compared in order. */
function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1;
}

function expectRoutes(bundle: Bundle): void {
  const { http, ...rest } = rereadYaml(bundle.bytes);
  expect(rest).toEqual({});
  if (bundle.expectation.kind !== 'traefik') throw new Error('the bundle expects no routes');
  const { routers, services } = bundle.expectation;
  const loaded = Object.entries(http?.routers ?? {});
  const backends = Object.entries(http?.services ?? {}).map(([name, { loadBalancer }]) => ({
    name,
    urls: loadBalancer.servers.map(({ url }) => url),
  }));
  expect(
    loaded
      .map(([name, { rule, service, entryPoints }]) => ({ name, rule, service, entryPoints }))
      .sort(byName),
  ).toEqual([...routers].sort(byName));
  expect(backends.sort(byName)).toEqual([...services].sort(byName));
  const used = new Set(loaded.map(([, router]) => router.service));
  expect([...used].sort()).toEqual(services.map((service) => service.name).sort());
  const hosts = loaded
    .filter(([, router]) => router.tls !== undefined)
    .map(([, router]) => /^Host\(`(.*)`\)$/.exec(router.rule)?.[1]);
  expect(hosts.sort()).toEqual([...bundle.names].sort());
  expect(new Set(hosts).size).toBe(hosts.length);
}
