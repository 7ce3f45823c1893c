import { describe, expect, it } from 'vitest';
import { planFleet } from '../../src/plan/plan-fleet.ts';
import { laptop, service, snapshotOf, vps, type Contents } from './registry-of.ts';

function hosts(contents: Contents): string {
  const nodes = [...planFleet(snapshotOf(contents), 'cluster-0001', []).nodes.values()];
  return nodes.flatMap((node) => node.bundles).find((bundle) => bundle.kind === 'hosts')?.bytes ?? 'none';
}

function hostLines(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

/** Each test would have caught the bug of the predecessor that it is named after. */
describe('bugs of the predecessor in names', () => {
  it('B26: without a cluster domain no names are rendered, and the block on the node stays', () => {
    expect(hosts({ services: { demo: service('demo', 1) }, info: {} })).toBe('none');
  });

  it('B26: a cluster domain that cannot be read any more keeps the one that was', () => {
    const base = snapshotOf({ services: { demo: service('demo', 1) } });
    const now = snapshotOf({ services: { demo: service('demo', 1) }, info: {} }, base);
    expect(now.clusterInfo.domain).toBe('minicloud');
    expect(now.findings).toMatchObject([{ severity: 'error', path: 'cluster-info/cluster-domain' }]);
  });

  it('B54: two services on one name give it one address', () => {
    const lines = hostLines(hosts({ services: { a: service('', 1), dashboard: service('dashboard', 2) } }));
    expect(lines).toEqual(['100.76.150.2\tdashboard.minicloud.local', '100.76.150.1\tminicloud.local']);
  });

  it('B54: the marker @ and a missing subdomain are no names', () => {
    expect(
      hostLines(hosts({ services: { root: service('@', 1), bad: service('x', 2, { subdomain: null }) } })),
    ).toEqual([]);
  });

  it('B58, B51: the block has a begin and an end mark, and no words of the older tools', () => {
    const text = hosts({ services: { demo: service('demo', 1) } });
    expect(text).toMatch(/^# BEGIN sync-controller cluster-0001\n/);
    expect(text).toMatch(/\n# END sync-controller cluster-0001\n$/);
    expect(text).not.toContain('MyNodeOne');
  });

  it('B63: the domain is that of cluster-info alone', () => {
    const text = hosts({
      services: { demo: service('demo', 1) },
      info: { 'cluster-domain': 'home', 'cluster-name': 'mynodeone' },
    });
    expect(hostLines(text)).toEqual(['100.76.150.1\tdemo.home.local']);
  });

  it('7308068: an empty subdomain is the bare domain', () => {
    expect(hostLines(hosts({ services: { home: service('', 1) } }))).toEqual([
      '100.76.150.1\tminicloud.local',
    ]);
  });

  it('1582df3: a subdomain equal to the cluster domain is the bare domain', () => {
    expect(hostLines(hosts({ services: { dashboard: service('minicloud', 1) } }))).toEqual([
      '100.76.150.1\tminicloud.local',
    ]);
  });

  it('a50155f: the dashboard has two names', () => {
    expect(hostLines(hosts({ services: { dashboard: service('dashboard', 1) } }))).toHaveLength(2);
  });

  it('4d8bf16: immich and immich-server on one address are one line', () => {
    const lines = hostLines(
      hosts({
        services: { immich: service('photos', 1), 'immich-server': service('photos', 1, { port: 2283 }) },
      }),
    );
    expect(lines).toEqual(['100.76.150.1\tphotos.minicloud.local']);
  });

  it('033df83: laptops, VPS nodes and workers are all planned', () => {
    const registry = {
      management_laptops: [laptop],
      vps_nodes: [vps],
      worker_nodes: [{ ...laptop, ip: '100.90.1.1' }],
    };
    const plan = planFleet(snapshotOf({ registry }), 'cluster-0001', []);
    expect([...plan.nodes.values()].map((node) => node.bundles[0]?.kind)).toEqual([
      'hosts',
      'traefik-routes',
      'hosts',
    ]);
  });
});
