import { describe, expect, it } from 'vitest';
import type { Bundle } from '../../src/model/bundle.ts';
import type { Snapshot } from '../../src/model/snapshot.ts';
import { applyGuard } from '../../src/plan/guard.ts';
import { planFleet } from '../../src/plan/plan-fleet.ts';
import { service, snapshotOf, vps, type Contents } from './registry-of.ts';
import { rereadYaml } from './reread.ts';

const none = new Set<string>();

function bundlesOf(snapshot: Snapshot): readonly Bundle[] {
  return [...planFleet(snapshot, 'cluster-0001', []).nodes.values()].flatMap((node) => node.bundles);
}

function routes(contents: Contents): Bundle {
  const bundle = bundlesOf(snapshotOf(contents)).find((one) => one.kind === 'traefik-routes');
  if (bundle === undefined) throw new Error('no routes were rendered');
  return bundle;
}

const routed = { domains: ['curiios.com'], vps_nodes: [vps.ip] };

/** Each test would have caught the bug of the predecessor that it is named after. */
describe('bugs of the predecessor in routes', () => {
  it('B25: withdrawing the last public service renders a document without it', () => {
    const base = snapshotOf({ services: { demo: service('demo', 1) } });
    for (const services of ['{}', '', { demo: service('demo', 1, { public: false }) }]) {
      const { effective, held } = applyGuard(base, snapshotOf({ services }, base), none);
      expect(held).toEqual([]);
      const [bundle] = bundlesOf(effective).filter((one) => one.kind === 'traefik-routes');
      expect(bundle).toMatchObject({ names: [], expectation: { routers: [], services: [] } });
      expect(bundle?.bytes).not.toContain('demo');
    }
  });

  it('B28: the file has no key but http, and equal content gives equal bytes at any time', () => {
    const contents = { services: { demo: service('demo', 1) } };
    expect(Object.keys(rereadYaml(routes(contents).bytes))).toEqual(['http']);
    expect(
      routes({ services: { demo: service('demo', 1, { updated: '2026-01-01T00:00:00Z' }) } }).digest,
    ).toBe(routes(contents).digest);
  });

  it('B29: the subdomain @ is the root of the public domain, under a key that is valid YAML', () => {
    const { http } = rereadYaml(
      routes({ services: { blog: service('@', 1), demo: service('demo', 2) } }).bytes,
    );
    expect(http?.routers['root_domain']).toMatchObject({
      rule: 'Host(`curiios.com`)',
      service: 'root_domain-service',
    });
    expect(http?.routers['demo']?.rule).toBe('Host(`demo.curiios.com`)');
  });

  it('B30: a service without subdomain or address renders neither null nor an empty label', () => {
    const { bytes } = routes({
      services: { a: { ip: '10.0.0.1', port: 80, public: true }, b: service('b', 1, { ip: null }) },
    });
    expect(bytes).not.toMatch(/null|Host\(`\./);
  });

  it('B32: what would inject a rule, a priority or a router is not rendered, and the rest is', () => {
    const { names } = routes({
      services: {
        a: service('x`) || Host(`evil', 1),
        b: service('x"\n      priority: 9', 2),
        good: service('good', 3),
      },
    });
    expect(names).toEqual(['good.curiios.com']);
  });

  it('B46: a private service is not served, routed or not', () => {
    const { names } = routes({
      services: { demo: service('demo', 1, { public: false }), open: service('open', 2) },
      routing: { demo: routed, open: routed },
    });
    expect(names).toEqual(['open.curiios.com']);
  });

  it('B47: routing whose services are all missing renders a document without empty maps', () => {
    const { bytes } = routes({ routing: { ghost: routed } });
    expect(rereadYaml(bytes)).toEqual({});
    expect(bytes).not.toMatch(/routers|services:/);
  });

  it('B64: two public entries with one subdomain give one router', () => {
    const { bytes, names } = routes({
      services: { immich: service('photos', 1), 'immich-server': service('photos', 1) },
    });
    expect(names).toEqual(['photos.curiios.com']);
    expect(Object.keys(rereadYaml(bytes).http?.routers ?? {})).toEqual(['photos', 'photos-http']);
  });

  it('B64: subdomains whose routers would meet give routers of different names', () => {
    const services = {
      a: service('demo', 1),
      b: service('demo-http', 2),
      c: service('x.y', 3),
      d: service('x-y', 4),
    };
    expect(Object.keys(rereadYaml(routes({ services }).bytes).http?.routers ?? {})).toHaveLength(8);
  });

  it('3280c54: the backend is the address and port of the entry', () => {
    const { expectation } = routes({ services: { demo: service('demo', 7, { port: 8080 }) } });
    expect(expectation).toMatchObject({
      services: [{ name: 'demo-service', urls: ['http://100.76.150.7:8080'] }],
    });
  });

  it('1.4: empty items that splitting at commas left in routing are dropped', () => {
    const { names } = routes({
      services: { demo: service('demo', 1) },
      routing: { demo: { domains: ['', 'curiios.com', ''], vps_nodes: ['', vps.ip] } },
    });
    expect(names).toEqual(['demo.curiios.com']);
  });

  it('1.4: the strategy changes no byte of what a VPS serves', () => {
    const of = (strategy: string): string =>
      routes({ services: { demo: service('demo', 1) }, routing: { demo: { ...routed, strategy } } }).digest;
    expect(new Set(['round-robin', 'primary-backup', 'geo', 'nonsense'].map(of)).size).toBe(1);
  });
});
