import { describe, expect, it } from 'vitest';
import { discover, type Discovery } from '../../src/registry/discover.ts';
import { subdomainOf } from '../../src/registry/discover-names.ts';
import type { LoadBalancer } from '../../src/registry/source.ts';

const now = '2026-11-21T00:00:00Z';
const balancer = (name: string, changes: Partial<LoadBalancer> = {}): LoadBalancer => ({
  namespace: 'apps',
  name,
  ip: '100.76.150.9',
  port: 80,
  annotations: {},
  ...changes,
});
const found = (rows: Record<string, unknown>, ...balancers: LoadBalancer[]): Discovery =>
  discover({ rows, found: balancers, clusterDomain: 'minicloud', now });
const entry = (name: string, changes: Record<string, unknown> = {}) => ({
  subdomain: name,
  namespace: 'apps',
  service: name,
  ip: '100.76.150.9',
  port: 80,
  public: false,
  updated: 'then',
  ...changes,
});

describe('the name of a discovered service', () => {
  it.each([
    ['dashboard', 'dashboard'],
    ['open-webui', 'chat'],
    ['demo', 'demo'],
    ['demo-chat-app', 'demo-chat'],
    ['argocd-server', 'argocd'],
    ['kube-prometheus-stack-grafana', 'grafana'],
    ['minio-console', 'minio'],
    ['minio', 'minio-api'],
    ['longhorn-frontend', 'longhorn'],
    ['traefik', 'traefik'],
    ['immich-server', 'immich'],
    ['shop-frontend', 'shop'],
    ['anything', 'anything'],
    ['constructor', 'constructor'],
  ])('of %s is %s', (name, subdomain) => {
    expect(subdomainOf({ name, annotations: {} }, 'minicloud')).toEqual({
      ok: true,
      subdomain,
      origin: 'name',
    });
  });

  it("is the cluster's annotation, then the common one", () => {
    const annotations = { 'minicloud.local/subdomain': 'Own', 'mynodeone.io/subdomain': 'common' };
    expect(subdomainOf({ name: 'x', annotations }, 'minicloud')).toMatchObject({
      subdomain: 'own',
      origin: 'annotation',
    });
    expect(subdomainOf({ name: 'x', annotations }, 'other')).toMatchObject({ subdomain: 'common' });
  });

  it('is the bare domain where the annotation is there and empty', () => {
    expect(
      subdomainOf({ name: 'dashboard', annotations: { 'mynodeone.io/subdomain': '' } }, 'minicloud'),
    ).toMatchObject({ ok: true, subdomain: '' });
  });

  it('is refused where the annotation would inject a rule (B32)', () => {
    expect(
      subdomainOf({ name: 'x', annotations: { 'mynodeone.io/subdomain': 'a`) || Host(`b' } }, undefined),
    ).toMatchObject({ ok: false, annotation: 'mynodeone.io/subdomain' });
  });
});

describe('discovery', () => {
  it('adds a private service with the mark of discovery', () => {
    expect(found({}, balancer('immich-server', { port: 2283 })).changes).toEqual([
      {
        kind: 'add',
        name: 'immich-server',
        entry: {
          subdomain: 'immich',
          namespace: 'apps',
          service: 'immich-server',
          ip: '100.76.150.9',
          port: 2283,
          public: false,
          updated: now,
          sync_controller: { discovered: true },
        },
      },
    ]);
  });

  it('changes nothing, not even the time, where nothing changed (B40)', () => {
    expect(found({ demo: entry('demo', { public: true }) }, balancer('demo'))).toEqual({
      changes: [],
      skipped: [],
    });
  });

  it('follows address and port, and never touches public (B39)', () => {
    const { changes } = found(
      { demo: entry('demo', { public: true }) },
      balancer('demo', { ip: '100.76.150.10', port: 8080 }),
    );
    expect(changes).toEqual([
      {
        kind: 'change',
        name: 'demo',
        fields: { ip: '100.76.150.10', port: 8080, updated: now },
        was: { ip: '100.76.150.9', port: 80 },
      },
    ]);
  });

  it('keeps a subdomain that an admin chose, unless the owner annotates another', () => {
    const rows = { demo: entry('demo', { subdomain: 'shop' }) };
    expect(found(rows, balancer('demo')).changes).toEqual([]);
    expect(
      found(rows, balancer('demo', { annotations: { 'mynodeone.io/subdomain': 'store' } })).changes,
    ).toMatchObject([{ kind: 'change', fields: { subdomain: 'store' } }]);
  });

  it('removes what it had discovered itself, and what the predecessor had', () => {
    const { changes } = found({ a: entry('a', { sync_controller: { discovered: true } }), b: entry('b') });
    expect(changes.map(({ kind, name }) => [kind, name])).toEqual([
      ['remove', 'a'],
      ['remove', 'b'],
    ]);
  });

  it('never removes an entry written by hand', () => {
    const rows = {
      plain: { subdomain: 'plain', ip: '100.76.150.9', port: 80 },
      photos: entry('photos', { service: 'immich-server' }),
      ours: entry('ours', { sync_controller: { discovered: false } }),
      broken: 'text',
    };
    const { changes, skipped } = found(rows);
    expect(changes).toEqual([]);
    expect(skipped.map(({ name }) => name)).toEqual(['photos', 'ours']);
  });

  it('keeps what waits for its address', () => {
    const { changes, skipped } = found({ demo: entry('demo') }, balancer('demo', { ip: '' }));
    expect(changes).toEqual([]);
    expect(skipped).toMatchObject([{ name: 'apps/demo' }]);
  });

  it("knows the installers' entries by their coordinates, and adds no twin (4d8bf16)", () => {
    const rows = { immich: entry('immich', { service: 'immich-server', port: 2283 }) };
    expect(found(rows, balancer('immich-server', { ip: '100.76.150.77' })).changes).toEqual([
      {
        kind: 'change',
        name: 'immich',
        fields: { ip: '100.76.150.77', updated: now },
        was: { ip: '100.76.150.9' },
      },
    ]);
  });

  it('gives equal names in two namespaces two entries and two subdomains (B40)', () => {
    const { changes } = found({}, balancer('web'), balancer('web', { namespace: 'blog' }));
    expect(changes).toMatchObject([
      { kind: 'add', name: 'web', entry: { subdomain: 'web', namespace: 'apps' } },
      { kind: 'add', name: 'web.blog', entry: { subdomain: 'web-blog', namespace: 'blog' } },
    ]);
  });

  it('keeps the entry of the first namespace when a second one appears', () => {
    const { changes } = found(
      { web: entry('web', { namespace: 'zoo' }) },
      balancer('web'),
      balancer('web', { namespace: 'zoo' }),
    );
    expect(changes).toMatchObject([{ kind: 'add', name: 'web.apps', entry: { namespace: 'apps' } }]);
    expect(changes).toHaveLength(1);
  });

  it('comes to the same whatever the order of the list', () => {
    const list = [balancer('b'), balancer('a'), balancer('web', { namespace: 'z' }), balancer('web')];
    expect(found({}, ...list)).toEqual(found({}, ...list.toReversed()));
  });
});
