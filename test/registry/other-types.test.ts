import { describe, expect, it } from 'vitest';
import { parseRegistries } from '../../src/registry/parse.ts';
import { removeNodeRow, setNodeRow } from '../../src/registry/json-edit.ts';
import { lostRoutes, removeNodeSteps } from '../../src/registry/operations/node-removal.ts';
import { findingsOf, objectsOf, service, snapshotOf } from '../plan/registry-of.ts';

const row = (ip: string, name: string) => ({ ip, name, ssh_user: 'root' });
const predecessors = {
  management_laptops: [],
  vps_nodes: [],
  worker_nodes: [],
  metadata: { version: '1.0' },
};
const stamp = { at: '2026-11-21T07:49:24Z', by: 'root@cp' };

describe('the lists of node types that the predecessor did not know', () => {
  it('are not missed where they are absent', () => {
    expect(findingsOf(snapshotOf({ registry: predecessors }))).toEqual([]);
  });

  it('are read like the others, with a sentence for what is wrong in them', () => {
    const snapshot = snapshotOf({
      registry: {
        ...predecessors,
        dnsmasq_nodes: [row('100.64.0.1', 'ns')],
        caddy_nodes: [row('100.64.0.1', 'edge'), row('x', 'bad')],
      },
    });
    expect([...snapshot.nodes.keys()]).toEqual(['dnsmasq_nodes@100.64.0.1', 'caddy_nodes@100.64.0.1']);
    expect(findingsOf(snapshot).map((finding) => finding.split(':')[0])).toEqual([
      'error sync-controller-registry/registry.json/caddy_nodes/1/ip',
    ]);
    expect(findingsOf(snapshotOf({ registry: { ...predecessors, caddy_nodes: null } }))).toHaveLength(1);
  });

  it('keep their rows where the whole list vanishes', () => {
    const before = snapshotOf({ registry: { ...predecessors, dnsmasq_nodes: [row('100.64.0.1', 'ns')] } });
    const now = parseRegistries(objectsOf({ registry: predecessors }), before);
    expect([...now.nodes.keys()]).toEqual(['dnsmasq_nodes@100.64.0.1']);
    expect(findingsOf(now)[0]).toContain('registry.json/dnsmasq_nodes: expected a list');
  });

  it('come into the text with a first node, and nothing else of it changes', () => {
    const text = JSON.stringify(predecessors, null, 4);
    const added = setNodeRow(
      text,
      { type: 'caddy_nodes', address: '100.64.0.1', fields: { name: 'edge', ssh_user: 'root' } },
      stamp,
    );
    expect(JSON.parse(added)).toEqual({ ...predecessors, caddy_nodes: [row('100.64.0.1', 'edge')] });
    expect(Object.keys(JSON.parse(added) as object)).not.toContain('dnsmasq_nodes');
    const head = text.slice(0, text.lastIndexOf('}')).trimEnd();
    expect(added.startsWith(head)).toBe(true);
    const removed = removeNodeRow(added, { type: 'caddy_nodes', address: '100.64.0.1' });
    expect(JSON.parse(removed)).toEqual({ ...predecessors, caddy_nodes: [] });
    expect(removed.startsWith(head)).toBe(true);
  });

  it('are not in a registry that another type begins', () => {
    const begun = setNodeRow(undefined, { type: 'worker_nodes', address: '100.64.0.1', fields: {} }, stamp);
    expect(Object.keys(JSON.parse(begun) as object)).toEqual([
      'management_laptops',
      'vps_nodes',
      'worker_nodes',
      'metadata',
    ]);
  });
});

describe('a Caddy edge in the registries', () => {
  const routing = { demo: { domains: ['a.org'], vps_nodes: ['100.64.0.1'], strategy: 'round-robin' } };
  const registry = { ...predecessors, caddy_nodes: [row('100.64.0.1', 'edge')] };

  it('is a node that a route may name', () => {
    const domains = { domains: { 'a.org': {} }, vps_nodes: [] };
    const content = {
      registry,
      routing,
      domains,
      services: { demo: { ...service('demo', 1), public: true } },
    };
    expect(findingsOf(snapshotOf(content))).toEqual([]);
    expect(findingsOf(snapshotOf({ ...content, registry: predecessors })).join()).toContain('100.64.0.1');
  });

  it('goes out of the routes when it is removed, as a VPS does; a name server does not', () => {
    const objects = objectsOf({ registry, routing });
    const edge = { type: 'caddy_nodes', address: '100.64.0.1' } as const;
    expect(lostRoutes(edge, objects).map(({ service: name }) => name)).toEqual(['demo']);
    expect(removeNodeSteps(edge).map(({ key }) => key)).toContain('routing.json');
    expect(lostRoutes({ ...edge, type: 'dnsmasq_nodes' }, objects)).toEqual([]);
  });
});
