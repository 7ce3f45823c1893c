import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { planFleet } from '../../src/plan/plan-fleet.ts';
import { laptop, service, snapshotOf, vps } from './registry-of.ts';

const cluster = 'cluster-0001';

function many<T>(count: number, make: (n: number) => T): readonly T[] {
  return Array.from({ length: count }, (_, n) => make(n));
}

describe('the plan of a fleet', () => {
  it('renders an equal payload once, however many nodes share it', () => {
    const registry = {
      management_laptops: many(50, (n) => ({ ...laptop, ip: `100.86.1.${String(n)}` })),
      vps_nodes: many(50, (n) => ({ ...vps, ip: `100.68.1.${String(n)}` })),
      worker_nodes: [],
    };
    const plan = planFleet(snapshotOf({ registry, services: { demo: service('demo', 1) } }), cluster, []);
    const bundles = [...plan.nodes.values()].flatMap((node) => node.bundles);
    expect(bundles).toHaveLength(100);
    expect(new Set(bundles).size).toBe(2);
  });

  it('shares a routes file between VPS nodes that serve the same routes, and only between those', () => {
    const addresses = ['100.68.1.1', '100.68.1.2', '100.68.1.3'];
    const route = (...list: readonly string[]): object => ({ domains: ['curiios.com'], vps_nodes: list });
    const snapshot = snapshotOf({
      registry: {
        management_laptops: [],
        worker_nodes: [],
        vps_nodes: addresses.map((ip) => ({ ...vps, ip })),
      },
      services: { a: service('a', 1), b: service('b', 2) },
      routing: { a: route(...addresses), b: route('100.68.1.3') },
    });
    const [one, two, three] = [...planFleet(snapshot, cluster, []).nodes.values()].map(
      (node) => node.bundles[0],
    );
    expect(one).toBe(two);
    expect(three?.names).toEqual(['a.curiios.com', 'b.curiios.com']);
  });

  it('names the snapshot it was made of, and carries what is withheld', () => {
    const snapshot = snapshotOf({});
    const held = [{ hash: 'h', reason: 'r', kind: 'service', names: ['a'] }] as const;
    expect(planFleet(snapshot, cluster, held)).toMatchObject({ snapshotDigest: snapshot.digest, held });
  });

  it('gives a node without anything valid to render no bundle and a reason', () => {
    const plan = planFleet(snapshotOf({ info: {}, domains: { domains: {}, vps_nodes: [] } }), cluster, []);
    for (const node of plan.nodes.values())
      expect(node).toMatchObject({ bundles: [], reason: expect.stringMatching(/domain/) as string });
    expect(plan.nodes.size).toBe(2);
  });
});

describe('the folder of the decision', () => {
  it('waits for nothing, reads no clock and no file', () => {
    const root = join(import.meta.dirname, '../../src/plan');
    const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.ts'),
    );
    expect(files.length).toBeGreaterThan(15);
    for (const file of files)
      expect(readFileSync(join(root, file), 'utf8'), file).not.toMatch(
        /\bawait\b|\basync\b|Date\.now|new Date|Math\.random|node:fs/,
      );
  });
});
