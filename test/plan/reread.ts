import { expect } from 'vitest';
import { parseDocument } from 'yaml';
import type { Bundle } from '../../src/model/bundle.ts';

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
  if (bundle.expectation.kind === 'hosts') expectHosts(bundle);
  else expectRoutes(bundle);
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
