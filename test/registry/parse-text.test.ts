import { describe, expect, it } from 'vitest';
import { parseRegistries } from '../../src/registry/parse.ts';
import { findingsOf, objectsOf, service, snapshotOf } from '../plan/registry-of.ts';

describe('a text that cannot be read', () => {
  const good = snapshotOf({ services: { demo: service('demo', 1) } });

  it.each([
    ['truncated JSON', '{"demo": {', /expected JSON/],
    ['null', 'null', /expected a JSON object, got null/],
    ['a list', '[]', /got a list/],
    ['a number', '7', /got 7/],
    ['a text', '"{}"', /got "\{\}"/],
    ['YAML', 'demo: 1', /expected JSON/],
    ['JSON with a comment', '{} // x', /expected JSON/],
    ['a byte order mark', '\ufeff{}', /expected JSON/],
  ])('keeps the last good entries: %s', (_title, text, message) => {
    const now = snapshotOf({ services: text }, good);
    expect(now.services).toEqual(good.services);
    expect(now.findings[0]).toMatchObject({
      severity: 'error',
      path: 'service-registry/services.json',
      message: expect.stringMatching(message) as string,
    });
  });

  it.each(['', '  \n', '{}', ' { } '])('is the empty registry where it says so: %j', (text) => {
    const now = snapshotOf({ services: text }, good);
    expect(now.services.size).toBe(0);
    expect(now.findings).toEqual([]);
  });

  it('survives a hostile depth and length', () => {
    const deep = `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    expect(findingsOf(snapshotOf({ services: deep }))).toEqual([
      'error service-registry/services.json/a: expected an object, got a list',
    ]);
    const wide = JSON.stringify(
      Object.fromEntries(
        Array.from({ length: 5000 }, (_, n) => [`s${String(n)}`, service(`s${String(n)}`, n % 250)]),
      ),
    );
    expect(snapshotOf({ services: wide }).services.size).toBe(5000);
  });
});

describe('a key that appears twice', () => {
  it('is reported with its path, in objects and in rows, and the last one counts', () => {
    const services =
      '{"demo":{"subdomain":"a","ip":"10.0.0.1","port":80},"demo":{"subdomain":"b","ip":"10.0.0.2","port":80,"port":81}}';
    const registry =
      '{"management_laptops":[{"ip":"10.0.0.1","ip":"10.0.0.2","ssh_user":"u"}],"vps_nodes":[],"worker_nodes":[]}';
    const snapshot = snapshotOf({ services, registry });
    expect(snapshot.services.get('demo')).toMatchObject({ subdomain: 'b', port: 81 });
    expect(findingsOf(snapshot).map((finding) => finding.split(':')[0])).toEqual([
      'warning service-registry/services.json/demo',
      'warning service-registry/services.json/demo/port',
      'warning sync-controller-registry/registry.json/management_laptops/0/ip',
    ]);
  });

  it('is not seen where equal keys are in different objects, or are values', () => {
    const services =
      '{"a":{"subdomain":"a","ip":"10.0.0.1","port":80,"x":[{"k":"k"},{"k":["k","k"]}]},"b":{"subdomain":"b","ip":"10.0.0.1","port":80}}';
    expect(snapshotOf({ services }).findings).toEqual([]);
  });
});

describe('names of Object', () => {
  it('are entries like others, or refused, and never reach a prototype', () => {
    const entry = JSON.stringify(service('x', 1));
    const services = `{"__proto__":${entry},"constructor":${entry},"toString":{"__proto__":{"subdomain":"y","ip":"10.0.0.1","port":80}}}`;
    const snapshot = snapshotOf({ services });
    expect([...snapshot.services.keys()]).toEqual(['constructor']);
    expect(Object.prototype).not.toHaveProperty('subdomain');
  });

  it('are no fields of a row that lacks them', () => {
    const objects = objectsOf({});
    const raw = objects.get('service-registry');
    if (raw !== undefined) objects.set('service-registry', { ...raw, annotations: {}, data: {} });
    expect(findingsOf(parseRegistries(objects, undefined))).toEqual([
      expect.stringContaining('service-registry/services.json: expected the key'),
    ]);
  });
});
