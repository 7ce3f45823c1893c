import { describe, expect, it } from 'vitest';
import { changedTexts, registryChanges, summaryOf } from '../../src/model/registry-changes.ts';
import { contentDigest, textsOf } from '../../src/model/registry-texts.ts';

const services = 'service-registry/services.json';
const nodes = 'sync-controller-registry/registry.json';
const domains = 'domain-registry/domains.json';
const between = (path: string, before: unknown, after: unknown) =>
  registryChanges({ [path]: JSON.stringify(before) }, { [path]: JSON.stringify(after, undefined, 2) });
const row = (ip: string, fields: object = {}) => ({ ip, name: `n-${ip}`, ...fields });

describe('the difference between two states of the registries', () => {
  it('is told field by field of what is there before and after, and whole of what came and went', () => {
    expect(
      between(services, { a: { port: 80, x: [1] }, b: 1 }, { a: { port: 81, x: [1] }, c: { y: 2 } }),
    ).toEqual([
      { path: `${services}/a/port`, change: 'changed', before: 80, after: 81 },
      { path: `${services}/b`, change: 'removed', before: 1 },
      { path: `${services}/c`, change: 'added', after: { y: 2 } },
    ]);
  });

  it('knows rows by their address, wherever they stand, and keeps two of one address apart', () => {
    const before = { vps_nodes: [row('10.0.0.1'), row('10.0.0.2'), row('10.0.0.2')] };
    const after = { vps_nodes: [row('10.0.0.2'), row('10.0.0.2', { ssh_user: 'x' }), row('10.0.0.1')] };
    expect(between(nodes, before, after)).toEqual([
      { path: `${nodes}/vps_nodes/10.0.0.2#2/ssh_user`, change: 'added', after: 'x' },
    ]);
    expect(
      between(domains, { vps_nodes: [{ tailscale_ip: 'a', public_ip: '1' }] }, { vps_nodes: [] }),
    ).toEqual([
      { path: `${domains}/vps_nodes/a`, change: 'removed', before: { tailscale_ip: 'a', public_ip: '1' } },
    ]);
  });

  it('passes over formatting, key order, recorded statuses and who touched the file', () => {
    const before = {
      vps_nodes: [row('10.0.0.1', { status: 'active', last_sync: 't' })],
      metadata: { updated_by: 'x' },
    };
    const after = { metadata: { updated_by: 'y' }, vps_nodes: [row('10.0.0.1', { last_error: 'e' })] };
    expect(between(nodes, before, after)).toEqual([]);
    expect(contentDigest(nodes, JSON.stringify(before))).toBe(contentDigest(nodes, JSON.stringify(after)));
    expect(between(services, { a: { x: 1, y: 2 } }, { a: { y: 2, x: 1 } })).toEqual([]);
  });

  it('is the whole text where one side is no JSON, and an empty text is the empty registry', () => {
    expect(registryChanges({ [services]: '{ broken' }, { [services]: '{}' })).toEqual([
      { path: services, change: 'changed', before: '{ broken', after: '{}' },
    ]);
    expect(registryChanges({ [services]: '' }, { [services]: '{}' })).toEqual([]);
    expect(registryChanges({}, { [services]: ' ' })).toEqual([]);
  });

  it('tells plain values, too, and escapes names as a JSON pointer', () => {
    const name = 'cluster-info/cluster-name';
    expect(registryChanges({ [name]: 'a' }, { [name]: 'b ' })).toEqual([
      { path: name, change: 'changed', before: 'a', after: 'b' },
    ]);
    expect(registryChanges({}, { [name]: 'a' })).toMatchObject([{ change: 'added', after: 'a' }]);
    expect(between(services, {}, { 'a/b~c': 1 })).toMatchObject([{ path: `${services}/a~1b~0c` }]);
  });

  it('survives a hostile registry: prototypes are names like others', () => {
    const hostile = '{"__proto__":{"port":1},"constructor":{"port":2}}';
    expect(registryChanges({ [services]: '{}' }, { [services]: hostile }).map(({ path }) => path)).toEqual([
      `${services}/__proto__`,
      `${services}/constructor`,
    ]);
  });

  it('names the texts it is in', () => {
    const before = { [services]: '{}', [nodes]: '{"vps_nodes":[]}' };
    expect(changedTexts(before, { [services]: '{"a":1}', [nodes]: '{ "vps_nodes": [] }' })).toEqual([
      services,
    ]);
  });
});

describe('the summary of a revision', () => {
  it('is one line in the words of the registries', () => {
    const before = {
      [services]: '{"a":{"port":1,"updated":"t"}}',
      [nodes]: JSON.stringify({ vps_nodes: [row('10.0.0.1')] }),
    };
    const after = {
      [services]: '{"a":{"port":2,"updated":"u"},"b":{}}',
      [nodes]: JSON.stringify({ vps_nodes: [], worker_nodes: [row('10.0.0.3')] }),
      [domains]: '{"domains":{"x.org":{}}}',
      'domain-registry/routing.json': '{"a":{"domains":[]}}',
      'cluster-info/public-domain': 'x.org',
    };
    expect(summaryOf(registryChanges(before, after))).toBe(
      '+public-domain, +domain x.org, +route a, ~service a (port), +service b, -vps n-10.0.0.1 and 1 more',
    );
  });
});

describe('the texts that are kept', () => {
  it('are those that say what should be, and no key of others', () => {
    const data = { 'services.json': '{}', 'their-secret': 'hunter2', __proto__: 'x' };
    expect(textsOf([{ name: 'service-registry', data }])).toEqual({ [services]: '{}' });
  });
});
