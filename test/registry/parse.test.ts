import { describe, expect, it } from 'vitest';
import type { RegistryObject } from '../../src/model/snapshot.ts';
import { parseRegistries } from '../../src/registry/parse.ts';
import { findingsOf, laptop, objectsOf, service, snapshotOf, vps } from '../plan/registry-of.ts';

describe('a snapshot', () => {
  it('has equal digests for equal content, whatever the formatting, key order, unknown fields, times and recorded status', () => {
    const demo = service('demo', 1);
    const one = snapshotOf({ services: { demo, chat: service('chat', 2) } });
    const two = snapshotOf({
      services: JSON.stringify(
        {
          chat: service('chat', 2),
          demo: {
            ...Object.fromEntries(Object.entries(demo).reverse()),
            updated: '2025-11-08T05:16:58Z',
            more: 1,
          },
        },
        null,
        3,
      ),
      registry: {
        metadata: {},
        worker_nodes: [],
        vps_nodes: [vps],
        management_laptops: [{ ...laptop, status: 'failed', last_sync: '2025-11-08T05:16:58Z' }],
      },
    });
    expect(two.digest).toBe(one.digest);
    expect(snapshotOf({ services: { demo } }).digest).not.toBe(one.digest);
  });

  it('reads a registry again over itself to the same value', () => {
    const contents = { services: { a: service('x', 1), b: service('x', 2), bad: { subdomain: 'bad' } } };
    const first = snapshotOf(contents);
    expect(snapshotOf(contents, first)).toEqual(first);
  });

  it('is complete only when every object is there and wholly valid', () => {
    expect(snapshotOf({}).complete).toBe(true);
    expect(snapshotOf({ services: { demo: service('demo', 1, { port: '80' }) } })).toMatchObject({
      complete: true,
      findings: [{ severity: 'warning' }],
    });
    expect(snapshotOf({ services: { bad: {} } }).complete).toBe(false);
    for (const object of [
      'service-registry',
      'sync-controller-registry',
      'cluster-info',
    ] as const satisfies readonly RegistryObject[]) {
      const objects = objectsOf({});
      objects.delete(object);
      expect(parseRegistries(objects, undefined).complete, object).toBe(false);
      expect(parseRegistries(objects, snapshotOf({})), object).toMatchObject({
        digest: snapshotOf({}).digest,
      });
    }
  });

  it('takes a cluster that never had a public domain as complete, and one that lost its domains as not', () => {
    const objects = objectsOf({ domains: { domains: { 'example.org': {} }, vps_nodes: [] } });
    const withDomains = parseRegistries(objects, undefined);
    expect(withDomains.domains.size).toBe(1);
    objects.delete('domain-registry');
    expect(parseRegistries(objects, undefined)).toMatchObject({ complete: true, domains: new Map() });
    const lost = parseRegistries(objects, withDomains);
    expect(lost.complete).toBe(false);
    expect(lost.domains.size).toBe(1);
  });

  it('leaves a contested name complete: it has a holder', () => {
    const snapshot = snapshotOf({ services: { a: service('x', 1), b: service('x', 2) } });
    expect(snapshot.findings).not.toEqual([]);
    expect(snapshot.complete).toBe(true);
  });
});

describe('an entry that broke', () => {
  const good = snapshotOf({ services: { demo: service('demo', 1), chat: service('chat', 2) } });

  it('keeps its last good version while the others change', () => {
    const now = snapshotOf(
      { services: { demo: { ...service('new', 9), port: 0 }, chat: service('talk', 3) } },
      good,
    );
    expect(now.services.get('demo')).toEqual(good.services.get('demo'));
    expect(now.services.get('chat')?.subdomain).toBe('talk');
    expect(findingsOf(now)).toEqual([
      'error service-registry/services.json/demo/port: expected a whole number from 1 to 65535, got 0',
    ]);
  });

  it('still closes when it says public: false', () => {
    expect(snapshotOf({ services: { demo: { public: false } } }, good).services.get('demo')).toMatchObject({
      public: false,
      subdomain: 'demo',
    });
  });

  it('goes when it is deleted, good or not', () => {
    const broken = snapshotOf({ services: { demo: {}, chat: service('chat', 2) } }, good);
    expect([...snapshotOf({ services: { chat: service('chat', 2) } }, broken).services.keys()]).toEqual([
      'chat',
    ]);
  });
});

describe('a name that the nodes themselves would refuse', () => {
  it.each(['localhost', 'LocalHost', 'localhost.x', 'ip6-gateway'])(
    'sets its entry aside, not the whole block: %s',
    (subdomain) => {
      const services = { bad: service(subdomain, 1), demo: service('demo', 2) };
      expect([...snapshotOf({ services }).services.keys()]).toEqual(['demo']);
    },
  );

  it('is no cluster domain', () => {
    expect(snapshotOf({ info: { 'cluster-domain': 'localhost' } }).clusterInfo.domain).toBeUndefined();
  });

  it('is allowed where it only contains such a word', () => {
    const services = { a: service('localhosts', 1), b: service('my-localhost', 2), c: service('ip6', 3) };
    expect(snapshotOf({ services }).services.size).toBe(3);
  });
});

describe('a finding', () => {
  it('is one printable line, whatever the key it names', () => {
    const [finding] = snapshotOf({ services: { 'a\nb\u001b[31m\u202e/~\ud800': {} } }).findings;
    expect(finding?.path).toBe('service-registry/services.json/a\ufffdb\ufffd[31m\ufffd~1~0\ufffd');
    expect(finding?.message).toMatch(/^[^\n]*$/);
  });
});

describe('the pause annotation', () => {
  const paused = (value: string): readonly string[] => {
    const objects = objectsOf({});
    const raw = objects.get('domain-registry');
    if (raw !== undefined)
      objects.set('domain-registry', { ...raw, annotations: { 'sync-controller/paused': value } });
    return parseRegistries(objects, undefined).paused;
  };

  it('pauses its object by being there, except as false', () => {
    expect(paused('true')).toEqual(['domain-registry']);
    expect(paused('moving house')).toEqual(['domain-registry']);
    expect(paused('')).toEqual(['domain-registry']);
    expect(paused('false')).toEqual([]);
  });
});
