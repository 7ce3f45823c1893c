import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Bundle } from '../../src/model/bundle.ts';
import { compareTraefik } from '../../src/plan/compare-traefik.ts';
import { renderRoutes } from '../../src/plan/render-routes.ts';

interface Router {
  rule?: string;
  service?: string;
  entryPoints?: string[];
  middlewares?: string[];
  status?: string;
  error?: string[];
  tls?: object;
}

interface Raw {
  routers: Record<string, Router>;
  services: Record<string, { loadBalancer?: { servers: { url: string }[] }; status?: string }>;
}

const backends = { demo: 'http://100.76.150.207:80', six: 'http://[fd7a::1]:8080' } as const;
type Name = keyof typeof backends;

function bundleOf(...names: readonly Name[]): Bundle {
  const entries = names.map((name) => ({
    host: `${name}.curiios.com`,
    url: backends[name],
    router: name,
    backend: name,
  }));
  return renderRoutes(entries, { clusterId: 'cluster-0001', domains: ['curiios.com'] });
}

const both = bundleOf('demo', 'six').expectation;

function recorded(version: string): Raw {
  return JSON.parse(readFileSync(join(import.meta.dirname, `rawdata-${version}.json`), 'utf8')) as Raw;
}

function evidence(raw: unknown, expectation = both): string {
  const compared = compareTraefik(expectation, raw);
  return compared.agrees ? 'agrees' : compared.evidence;
}

describe.each(['v2', 'v3'])('comparing with the recorded raw data of Traefik %s', (version) => {
  const changed = (change: (raw: Raw) => void): Raw => {
    const raw = recorded(version);
    change(raw);
    return raw;
  };
  const demo = (raw: Raw): Router => raw.routers['demo@file'] ?? {};

  it('agrees with what was rendered, as an object and as bytes', () => {
    expect(evidence(recorded(version))).toBe('agrees');
    expect(evidence(Buffer.from(JSON.stringify(recorded(version))))).toBe('agrees');
  });

  it.each<[string, (raw: Raw) => void, RegExp]>([
    ['a missing router', (raw) => delete raw.routers['six@file'], /router six: expected it to be loaded/],
    [
      'a missing redirecting router',
      (raw) => delete raw.routers['six-http@file'],
      /router six-http: expected it/,
    ],
    [
      'another rule under an unchanged name',
      (raw) => (demo(raw).rule = 'Host(`evil.curiios.com`)'),
      /expected the rule Host\(`demo/,
    ],
    ['another service', (raw) => (demo(raw).service = 'six-service'), /expected the service demo-service/],
    [
      'other entry points',
      (raw) => (demo(raw).entryPoints = ['websecure', 'web']),
      /expected the entry point websecure/,
    ],
    ['no entry points', (raw) => delete demo(raw).entryPoints, /got none/],
    [
      'a disabled router',
      (raw) => Object.assign(demo(raw), { status: 'disabled', error: ['no such\u001b[31m thing'] }),
      /got disabled: no such/,
    ],
    [
      'a missing service',
      (raw) => delete raw.services['demo-service@file'],
      /service demo-service: expected it/,
    ],
    [
      'an old backend',
      (raw) =>
        (raw.services['demo-service@file'] = { loadBalancer: { servers: [{ url: 'http://10.0.0.1:80' }] } }),
      /got http:\/\/10\.0\.0\.1:80/,
    ],
    [
      'one more backend',
      (raw) => raw.services['demo-service@file']?.loadBalancer?.servers.push({ url: 'http://10.0.0.1:80' }),
      /got http/,
    ],
  ])('disagrees over %s', (_title, change, message) => {
    expect(evidence(changed(change))).toMatch(message);
  });

  it('accepts a service that is referred to with its provider', () => {
    expect(evidence(changed((raw) => (demo(raw).service = 'demo-service@file')))).toBe('agrees');
  });

  it('takes a router of another provider with our name for none of ours', () => {
    const moved = changed((raw) => {
      raw.routers['demo@docker'] = demo(raw);
      delete raw.routers['demo@file'];
    });
    expect(evidence(moved)).toMatch(/router demo: expected it to be loaded/);
  });

  it('notices a leftover of ours by its shape, and by the bytes that stood there before', () => {
    expect(evidence(recorded(version), bundleOf('demo').expectation)).toMatch(/router six is still loaded/);
    expect(evidence(recorded(version), bundleOf().expectation)).toMatch(/is still loaded/);
    const expectation = { ...bundleOf('demo').expectation, domains: [] };
    expect(compareTraefik(expectation, recorded(version)).agrees).toBe(true);
    expect(compareTraefik(expectation, recorded(version), bundleOf('demo', 'six').bytes)).toMatchObject({
      agrees: false,
    });
  });

  it.each<[string, (raw: Raw) => void]>([
    [
      'under a domain that is not ours',
      (raw) => rename(raw, (router) => (router.rule = 'Host(`six.example.org`)')),
    ],
    ['without a redirecting twin', (raw) => delete raw.routers['six-http@file']],
    [
      'whose twin redirects otherwise',
      (raw) =>
        (raw.routers['six-http@file'] = { ...raw.routers['six-http@file'], middlewares: ['own@file'] }),
    ],
    [
      'with a service that is not named after it',
      (raw) => rename(raw, (router) => (router.service = 'six-app')),
    ],
    [
      'with a wider rule',
      (raw) => rename(raw, (router) => (router.rule = 'Host(`six.curiios.com`) && PathPrefix(`/x`)')),
    ],
    [
      'named after something else than its host',
      (raw) => rename(raw, (router) => (router.rule = 'Host(`seven.curiios.com`)')),
    ],
    ['without TLS', (raw) => delete raw.routers['six@file']?.tls],
  ])('lets a router of a foreign file be: one %s', (_title, change) => {
    expect(evidence(changed(change), bundleOf('demo').expectation)).toBe('agrees');
  });
});

function rename(raw: Raw, change: (router: Router) => void): void {
  for (const name of ['six@file', 'six-http@file']) change(raw.routers[name] ?? {});
}

describe('comparing with what is no raw data', () => {
  it.each([
    ['no JSON', Buffer.from('404 page not found')],
    ['null', null],
    ['a list', []],
    ['nothing', undefined],
  ])('disagrees over %s', (_title, raw) => {
    expect(evidence(raw)).toMatch(/expected Traefik's raw data/);
  });

  it('agrees with an empty Traefik where nothing is expected, and disagrees where something is', () => {
    expect(evidence({}, bundleOf().expectation)).toBe('agrees');
    expect(evidence({ routers: {}, services: {} })).toMatch(/expected it to be loaded/);
  });
});
