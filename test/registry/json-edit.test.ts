import { describe, expect, test } from 'vitest';
import {
  patchNodeRows,
  removeDomain,
  removeNodeRow,
  removeRoute,
  removeService,
  removeVpsRecord,
  setDomain,
  setNodeExtras,
  setNodeRow,
  setRoute,
  setService,
  setVpsRecord,
  type Fields,
} from '../../src/registry/json-edit.ts';

const stamp = { at: '2026-11-21T07:49:24Z', by: 'root@cp' };

const registry = `{
    "management_laptops": [],
    "vps_nodes": [
        {"ip": "100.64.0.1", "name": "one", "port":8e1, "extra": {"deep": [1.50, "\\u00e9"]}, "status": "active"},
        {
            "ip": "100.64.0.2",   "name": "two",
            "last_error": null,
            "unknown": 1E400
        }
    ],
    "metadata": {"version": "1.0"}, "foreign": true
}
`;

describe('a row of registry.json', () => {
  test('takes new values where they stand and new fields at its end, in its own style', () => {
    const result = patchNodeRows(registry, [
      { type: 'vps_nodes', address: '100.64.0.1', fields: { status: 'error', last_sync: 'T1' } },
      {
        type: 'vps_nodes',
        address: '100.64.0.2',
        fields: { status: 'active', last_sync: 'T2', last_error: null },
      },
    ]);
    expect(result).toBe(
      registry
        .replace('"status": "active"}', '"status": "error", "last_sync": "T1"}')
        .replace('1E400\n', '1E400,\n            "status": "active",\n            "last_sync": "T2"\n'),
    );
  });

  test('is left where it says the same already, however it is spelled', () => {
    const text = '{"vps_nodes":[{"ip":"100.64.0.1","status":"act\\u0069ve","port":8e1}]}';
    expect(
      patchNodeRows(text, [
        { type: 'vps_nodes', address: '100.64.0.1', fields: { status: 'active', port: 80 } },
      ]),
    ).toBe(text);
  });

  test('takes no null for a field it does not have, and a null for one it has', () => {
    const text = '{"vps_nodes":[{"ip":"a","last_error":"T"},{"ip":"b"}]}';
    const patch = (address: string): { type: 'vps_nodes'; address: string; fields: Fields } => ({
      type: 'vps_nodes',
      address,
      fields: { last_error: null },
    });
    expect(patchNodeRows(text, [patch('a'), patch('b')])).toBe(
      '{"vps_nodes":[{"ip":"a","last_error":null},{"ip":"b"}]}',
    );
  });

  test('that is gone stays gone, in its type only', () => {
    expect(
      patchNodeRows(registry, [
        { type: 'worker_nodes', address: '100.64.0.1', fields: { status: 'active' } },
      ]),
    ).toBe(registry);
    expect(
      patchNodeRows('', [{ type: 'worker_nodes', address: '100.64.0.1', fields: { status: 'active' } }]),
    ).toBe('');
  });

  test('that stands twice is changed where other readers look: in the last one', () => {
    const text = '{"vps_nodes":[{"ip":"a","n":1},{"ip":"a","n":2,"s":"x","s":"y"}]}';
    expect(patchNodeRows(text, [{ type: 'vps_nodes', address: 'a', fields: { s: 'z' } }])).toBe(
      '{"vps_nodes":[{"ip":"a","n":1},{"ip":"a","n":2,"s":"x","s":"z"}]}',
    );
  });

  test('is added at the end of its list, in the style of the rows before it', () => {
    const row = {
      type: 'vps_nodes',
      address: '100.64.0.3',
      fields: { name: 'three', labels: ['a'] },
    } as const;
    expect(setNodeRow(registry, row, stamp)).toBe(
      registry.replace(
        '1E400\n        }\n',
        '1E400\n        },\n        {\n            "ip": "100.64.0.3",\n            "name": "three",\n            "labels": [\n                "a"\n            ]\n        }\n',
      ),
    );
    const compact = '{"vps_nodes":[{"ip":"a"}],"x":1}';
    expect(setNodeRow(compact, { type: 'vps_nodes', address: 'b', fields: { name: 'n' } }, stamp)).toBe(
      '{"vps_nodes":[{"ip":"a"},{"ip":"b","name":"n"}],"x":1}',
    );
  });

  test.each([
    [
      'an empty list',
      '{\n  "worker_nodes": []\n}\n',
      '{\n  "worker_nodes": [\n    {\n      "ip": "b"\n    }\n  ]\n}\n',
    ],
    ['a null list', '{"worker_nodes": null}', '{"worker_nodes": [{"ip": "b"}]}'],
    ['no list', '{"vps_nodes": []}', '{"vps_nodes": [], "worker_nodes": [{"ip": "b"}]}'],
  ])('is added to %s', (_what, text, expected) => {
    expect(setNodeRow(text, { type: 'worker_nodes', address: 'b', fields: {} }, stamp)).toBe(expected);
  });

  test.each([undefined, '', ' \n'])('begins a registry from %j with what the tools of old expect', (text) => {
    const result = JSON.parse(
      setNodeRow(text, { type: 'worker_nodes', address: 'b', fields: { name: 'n' } }, stamp),
    ) as unknown;
    expect(result).toEqual({
      management_laptops: [],
      vps_nodes: [],
      worker_nodes: [{ ip: 'b', name: 'n' }],
      metadata: { version: '1.0', last_updated: stamp.at, updated_by: stamp.by },
    });
  });

  test('is removed with every row of its address, and no other byte', () => {
    const first = registry.indexOf('        {"ip": "100.64.0.1"');
    const second = registry.indexOf('        {\n');
    expect(removeNodeRow(registry, { type: 'vps_nodes', address: '100.64.0.1' })).toBe(
      registry.slice(0, first) + registry.slice(second),
    );
    expect(
      removeNodeRow('{"vps_nodes":[{"ip":"a"},{"ip":"a"}],"x":1}', { type: 'vps_nodes', address: 'a' }),
    ).toBe('{"vps_nodes":[],"x":1}');
    expect(removeNodeRow(undefined, { type: 'vps_nodes', address: 'a' })).toBe('');
  });

  test('carries our own object beside its fields', () => {
    const key = { type: 'vps_nodes', address: '100.64.0.1' } as const;
    const pins = [{ key: 'ssh-ed25519 AAAA', source: 'scan', added: 'T' }];
    const pinned = setNodeExtras(registry, key, { host_keys: pins, ssh_port: 2222 });
    expect(pinned).toBe(
      registry.replace(
        '"active"}',
        '"active", "sync_controller": {"host_keys": [{"key": "ssh-ed25519 AAAA", "source": "scan", "added": "T"}], "ssh_port": 2222}}',
      ),
    );
    expect(setNodeExtras(pinned, key, { ssh_port: undefined, host_keys: [] })).toContain(
      '"sync_controller": {"host_keys": []}}',
    );
    expect(() => setNodeExtras(registry, { ...key, address: 'x' }, {})).toThrow('expected a row with ip x');
  });
});

describe('an entry', () => {
  test('of services.json is added, changed in single fields and removed', () => {
    const one = setService('{}', 'demo', { subdomain: 'demo', port: 80, public: false });
    expect(one).toBe(
      '{\n  "demo": {\n    "subdomain": "demo",\n    "port": 80,\n    "public": false\n  }\n}',
    );
    const two = setService(one, 'demo', { public: true, ip: undefined });
    expect(two).toBe(one.replace('"public": false', '"public": true'));
    expect(removeService(two, 'demo')).toBe('{}');
  });

  test('of routing.json keeps the fields it is not asked to change', () => {
    const text = '{ "demo":{"domains":["a.example"],"vps_nodes":[],"strategy":"geo","mine":[1]} }';
    expect(setRoute(text, 'demo', { domains: ['b.example'] })).toBe(text.replace('a.example', 'b.example'));
    expect(removeRoute(text, 'demo')).toBe('{}');
  });

  test('of domains.json stands under domains, and the oldest layout is wrapped as it is', () => {
    expect(JSON.parse(setDomain('', 'a.example', { description: 'x "y"' }))).toEqual({
      domains: { 'a.example': { description: 'x "y"' } },
      vps_nodes: [],
    });
    const old = '{"a.example":{"description":"old",  "n":1.0}}';
    expect(setDomain(old, 'b.example', { status: 'active' })).toBe(
      '{"domains":{"a.example":{"description":"old",  "n":1.0},"b.example":{"status":"active"}},"vps_nodes":[]}',
    );
    expect(JSON.parse(removeDomain(old, 'a.example'))).toEqual({ domains: {}, vps_nodes: [] });
  });

  test('B44 a VPS record that is registered again takes the new address and keeps its place', () => {
    const text =
      '{"domains":{},"vps_nodes":[{"tailscale_ip":"t1","public_ip":"p1","location":"eu"},{"tailscale_ip":"t2"}]}';
    expect(setVpsRecord(text, 't1', { public_ip: 'p9' })).toBe(text.replace('p1', 'p9'));
    expect(removeVpsRecord(text, 't1')).toBe('{"domains":{},"vps_nodes":[{"tailscale_ip":"t2"}]}');
  });

  test('B41 B43 may hold quotes, backslashes and anything a shell would read', () => {
    const hostile = `"; rm -rf / #'\\ $(id) \`x\` \n\u0000 {{ .x }}`;
    const result = setDomain(undefined, 'a.example', { description: hostile });
    expect(JSON.parse(result)).toMatchObject({ domains: { 'a.example': { description: hostile } } });
  });
});

describe('a text that cannot be edited', () => {
  test.each([
    ['broken JSON', '{"vps_nodes":[', 'expected JSON'],
    ['a comment', '{} // no', 'expected JSON'],
    ['a trailing comma', '{"a":1,}', 'expected JSON'],
    ['endless nesting', '['.repeat(200_000), 'expected JSON'],
    ['a list as the registry', '[]', 'expected an object, got array'],
    ['a row list that is none', '{"vps_nodes":{}}', 'expected a list, got object'],
  ])('%s is refused with its place', (_what, text, reason) => {
    expect(() => setNodeRow(text, { type: 'vps_nodes', address: 'a', fields: {} }, stamp)).toThrow(reason);
  });
});
