import { describe, expect, it } from 'vitest';
import { isLastEdge } from '../../src/model/last-edge.ts';
import type { Snapshot } from '../../src/model/snapshot.ts';
import { applyGuard } from '../../src/plan/guard.ts';
import { servedHosts } from '../../src/plan/public-hosts.ts';
import { withoutNode } from '../../src/plan/without-node.ts';
import { outlookOf } from '../../src/reconcile/removal-report.ts';
import { removeNodeRow, patchNodeRows } from '../../src/registry/json-edit.ts';
import { lostRoutes, removalChanges, removeNodeSteps } from '../../src/registry/operations/node-removal.ts';
import { undoCommands } from '../../src/registry/operations/removal-undo.ts';
import { previewed } from '../../src/registry/operations/step.ts';
import { laptop, objectsOf, service, snapshotOf, vps, type Contents } from '../plan/registry-of.ts';

const other = { ip: '100.70.123.45', name: 'hetzner-vps', ssh_user: 'root' };
const route = (...nodes: readonly string[]) => ({
  domains: ['curiios.com'],
  vps_nodes: nodes,
  strategy: 'geo',
});
const registry = { management_laptops: [laptop], vps_nodes: [vps, other], worker_nodes: [] };
const contents: Contents = {
  registry,
  services: { demo: service('demo', 1), chat: service('chat', 2) },
  routing: { demo: route(other.ip, vps.ip), chat: route(vps.ip) },
  domains: {
    domains: { 'curiios.com': {} },
    vps_nodes: [{ tailscale_ip: vps.ip, public_ip: '45.8.133.192', location: "l'été" }],
  },
};
const nodeOf = (snapshot: Snapshot, address: string) =>
  [...snapshot.nodes.values()].find((node) => node.address === address)!;

describe('what goes with a node', () => {
  it('lists a change for each write, and says which services are served nowhere afterwards', () => {
    const node = nodeOf(snapshotOf(contents), vps.ip);
    expect(removalChanges(node, objectsOf(contents))).toEqual([
      {
        path: 'domain-registry/routing.json/demo/vps_nodes',
        change: 'loses 100.68.225.92; 100.70.123.45 stays',
      },
      {
        path: 'domain-registry/routing.json/chat/vps_nodes',
        change: 'loses 100.68.225.92; no VPS is left: it is served nowhere',
      },
      {
        path: 'domain-registry/domains.json/vps_nodes',
        change: 'loses the record of 100.68.225.92 for public DNS',
      },
      {
        path: 'sync-controller-registry/registry.json/vps_nodes',
        change: 'loses the row of contabo-vps',
      },
    ]);
  });

  it('is the row alone for a laptop, even where a route names its address', () => {
    const odd = { ...contents, routing: { demo: route(laptop.ip) } };
    const node = nodeOf(snapshotOf(odd), laptop.ip);
    expect(removalChanges(node, objectsOf(odd)).map(({ path }) => path)).toEqual([
      'sync-controller-registry/registry.json/management_laptops',
    ]);
    expect(removeNodeSteps(node).map(({ object }) => object)).toEqual(['sync-controller-registry']);
  });

  it('is the row alone where another row of the same machine goes on serving its routes', () => {
    const registered = { ...registry, caddy_nodes: [{ ...vps, name: 'contabo-caddy' }] };
    const both = snapshotOf({ ...contents, registry: registered });
    const caddy = [...both.nodes.values()].find(({ type }) => type === 'caddy_nodes')!;
    expect(isLastEdge(caddy, both.nodes)).toBe(false);
    expect(withoutNode(both, caddy).routes).toEqual(both.routes);
    expect(outlookOf(caddy, objectsOf({ ...contents, registry: registered }), both)).toMatchObject({
      steps: [{ object: 'sync-controller-registry' }],
      changes: [{ path: 'sync-controller-registry/registry.json/caddy_nodes' }],
      hostsRemoved: [],
      undo: [expect.stringContaining('--type caddy_nodes')],
    });
  });

  it('reaches entries that are set aside, and every spelling of an IPv6 address', () => {
    const node = { type: 'vps_nodes', address: 'fd7a:115c::1', name: 'six' } as const;
    const odd = {
      registry: { vps_nodes: [{ ip: 'FD7A:115C:0::1', name: 'six', ssh_user: 'root' }] },
      routing: { demo: { domains: 'not a list', vps_nodes: ['fd7a:115c:0:0::1', '', 'fd7a:115c::1'] } },
      domains: { domains: {}, vps_nodes: [{ tailscale_ip: 'fd7a:115c:0000::1' }] },
    };
    const after = new Map(
      removeNodeSteps(node).map(({ key, object, edit }) => [
        key,
        edit(objectsOf(odd).get(object)?.data[key]),
      ]),
    );
    expect(JSON.parse(after.get('routing.json') ?? '')).toEqual({
      demo: { domains: 'not a list', vps_nodes: [''] },
    });
    expect(JSON.parse(after.get('domains.json') ?? '')).toEqual({ domains: {}, vps_nodes: [] });
    expect(JSON.parse(after.get('registry.json') ?? '')).toEqual({ vps_nodes: [] });
    expect(removalChanges(node, objectsOf(odd))).toHaveLength(3);
  });

  it('is refused as a whole where a registry that may name it is no JSON', () => {
    const node = nodeOf(snapshotOf(contents), vps.ip);
    for (const broken of [{ routing: '{"demo":' }, { domains: '[1]' }])
      expect(() => removalChanges(node, objectsOf({ ...contents, ...broken }))).toThrow(
        /domain-registry\/(?:routing|domains)\.json: expected a JSON object/u,
      );
  });

  it('comes back by the commands that are printed, quoted for a shell', () => {
    const snapshot = snapshotOf(contents);
    const node = nodeOf(snapshot, vps.ip);
    const before = {
      node: { ...node, sshPort: 2222, publicDomain: 'a.com', labels: { region: 'eu' } },
      record: snapshot.vpsRecords.get(vps.ip),
      routes: lostRoutes(node, objectsOf(contents)),
    };
    expect(undoCommands(before)).toEqual([
      'syncctl node add 100.68.225.92 --type vps_nodes --user sammy --name contabo-vps --port 2222 --public-domain a.com --label region=eu',
      String.raw`syncctl domain add --vps 100.68.225.92 --public-ip 45.8.133.192 --location 'l'\''été'`,
      'syncctl domain route demo curiios.com --vps 100.70.123.45,100.68.225.92 --strategy geo',
      'syncctl domain route chat curiios.com --vps 100.68.225.92 --strategy geo',
    ]);
  });
});

describe('a row whose address is spelled otherwise', () => {
  const text = '{"vps_nodes":[{"ip":"FD7A::1","status":"error"}]}';
  it('takes its status and goes when it is removed', () => {
    const key = { type: 'vps_nodes', address: 'fd7a::1' } as const;
    expect(patchNodeRows(text, [{ ...key, fields: { status: 'active' } }])).toBe(
      text.replace('error', 'active'),
    );
    expect(removeNodeRow(text, key)).toBe('{"vps_nodes":[]}');
  });
});

describe('the guard and a removal on purpose', () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const many: Contents = {
    ...contents,
    services: Object.fromEntries(names.map((name, index) => [name, service(name, index + 1)])),
    routing: Object.fromEntries(names.map((name) => [name, route(vps.ip, other.ip)])),
  };

  it('know the removal by one hash before and after it is written', () => {
    const base = snapshotOf(many);
    const node = nodeOf(base, vps.ip);
    const steps = removeNodeSteps(node);
    const own = applyGuard(base, withoutNode(base, node), new Set()).held;
    expect(own).toMatchObject([
      { kind: 'route', names: names.map((name) => `${name}/curiios.com on ${vps.ip}`) },
    ]);
    for (const writes of [1, 2, 3, steps.length]) {
      const written = previewed(objectsOf(many), steps.slice(0, writes), base);
      expect(applyGuard(base, written, new Set()).held).toEqual(own);
      expect(applyGuard(base, written, new Set(own.map(({ hash }) => hash))).held).toEqual([]);
    }
  });

  it('count a name as served while any VPS serves it', () => {
    const base = snapshotOf(contents);
    const after = servedHosts(withoutNode(base, nodeOf(base, vps.ip)));
    expect([...servedHosts(base)].filter((host) => !after.has(host))).toEqual(['chat.curiios.com']);
  });
});
