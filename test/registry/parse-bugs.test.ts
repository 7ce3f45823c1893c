import { describe, expect, it } from 'vitest';
import { parseRegistries } from '../../src/registry/parse.ts';
import { findingsOf, laptop, objectsOf, service, snapshotOf, vps } from '../plan/registry-of.ts';

/** Each test would have caught the bug of the predecessor that it is named after. */
describe('bugs of the predecessor in reading registries', () => {
  const nodes = (rows: readonly unknown[]): Parameters<typeof snapshotOf>[0] => ({
    registry: { management_laptops: rows, vps_nodes: [], worker_nodes: [] },
  });

  it('B4: the status failed is read as error', () => {
    const [node] = snapshotOf(nodes([{ ...laptop, status: 'failed' }])).nodes.values();
    expect(node?.recorded.status).toBe('error');
  });

  it('B13: an object that could not be read is never the empty registry', () => {
    const good = snapshotOf({ services: { demo: service('demo', 1) } });
    const objects = objectsOf({});
    objects.delete('service-registry');
    expect(parseRegistries(objects, good).services).toEqual(good.services);
  });

  it('B17: a row without a user or address is set aside instead of becoming null@null', () => {
    const snapshot = snapshotOf(
      nodes([
        { ip: laptop.ip },
        { ssh_user: 'root' },
        { ip: null, ssh_user: null },
        { ip: 'null', ssh_user: 'root' },
      ]),
    );
    expect(snapshot.nodes.size).toBe(0);
    expect(findingsOf(snapshot)).toHaveLength(5);
  });

  it('B18: a user that is an ssh option, and a path that ends a quote, never pass', () => {
    const snapshot = snapshotOf(
      nodes([
        { ...laptop, ssh_user: '-oProxyCommand=touch /tmp/x' },
        { ...laptop, repo_path: "/x'; touch /tmp/x; '" },
      ]),
    );
    expect([...snapshot.nodes.values()]).toMatchObject([{ sshUser: 'vinay', repoPath: undefined }]);
    expect(findingsOf(snapshot).map((finding) => finding.split(':')[0])).toEqual([
      'error sync-controller-registry/registry.json/management_laptops/0/ssh_user',
      'warning sync-controller-registry/registry.json/management_laptops/1/repo_path',
    ]);
  });

  it('B19: a missing or null list leaves the other types alone, and a row without a status is a row', () => {
    const snapshot = snapshotOf({ registry: { vps_nodes: [vps], worker_nodes: null } });
    expect([...snapshot.nodes.keys()]).toEqual([`vps_nodes@${vps.ip}`]);
    expect(findingsOf(snapshot)).toEqual([
      expect.stringMatching(/^warning .*management_laptops: expected a list, got nothing/),
      expect.stringMatching(/^warning .*worker_nodes: expected a list, got null/),
    ]);
  });

  it('B20: a row without a name is called by its address, never by another machine', () => {
    const [node] = snapshotOf(nodes([{ ip: laptop.ip, ssh_user: 'vinay' }])).nodes.values();
    expect(node?.name).toBe(laptop.ip);
  });

  it('B21: log lines in the place of a user set the row aside', () => {
    const user = '[INFO] 2025-11-21 Detecting user\n[INFO] trying root\n[OK] found\nvinay';
    expect(snapshotOf(nodes([{ ...laptop, ssh_user: user }])).nodes.size).toBe(0);
  });

  it('B22: an address twice in one type is one node, and in two types two nodes', () => {
    const snapshot = snapshotOf({
      registry: {
        management_laptops: [laptop, { ...laptop, ssh_user: 'root' }],
        vps_nodes: [{ ...vps, ip: laptop.ip }],
        worker_nodes: [],
      },
    });
    expect([...snapshot.nodes.values()].map((node) => [node.id, node.sshUser])).toEqual([
      [`management_laptops@${laptop.ip}`, 'vinay'],
      [`vps_nodes@${laptop.ip}`, 'sammy'],
    ]);
  });

  it('B22: addresses that differ only in spelling are one node', () => {
    const spelled = ['fd7a:115c:a1e0::1', 'FD7A:115C:A1E0:0:0:0:0:1'].map((ip) => ({ ...laptop, ip }));
    expect([...snapshotOf(nodes(spelled)).nodes.keys()]).toEqual(['management_laptops@fd7a:115c:a1e0::1']);
  });

  it('B30: a service without a subdomain is set aside, and one without an address is listed and not served', () => {
    const { subdomain: _, ...without } = service('x', 1);
    const snapshot = snapshotOf({ services: { without, waiting: service('waiting', 1, { ip: null }) } });
    expect([...snapshot.services.values()]).toMatchObject([{ name: 'waiting', ip: undefined }]);
    expect(findingsOf(snapshot)).toEqual([
      expect.stringMatching(/without\/subdomain: expected a subdomain .*, got nothing$/),
    ]);
  });

  it('B31: domains in the layout before November 2025 are read as domains, and its VPS records with them', () => {
    const objects = objectsOf({ domains: { 'curiios.com': { description: 'x' } } });
    const raw = objects.get('domain-registry');
    const legacy = JSON.stringify({
      [vps.ip]: {
        public_ip: '45.8.133.192',
        region: 'eu',
        provider: 'contabo',
        status: 'active',
        health: 'unknown',
      },
    });
    if (raw !== undefined)
      objects.set('domain-registry', { ...raw, data: { ...raw.data, 'vps-nodes.json': legacy } });
    const snapshot = parseRegistries(objects, undefined);
    expect([...snapshot.domains.keys()]).toEqual(['curiios.com']);
    expect(snapshot.vpsRecords.get(vps.ip)).toMatchObject({ publicIp: '45.8.133.192', location: 'eu' });
  });

  it('B31: in the unified layout, domains and vps_nodes are no domain names', () => {
    const snapshot = snapshotOf({
      domains: {
        domains: { 'curiios.com': {} },
        vps_nodes: [{ tailscale_ip: vps.ip, public_ip: '45.8.133.192' }],
      },
    });
    expect([...snapshot.domains.keys()]).toEqual(['curiios.com']);
    expect(snapshot.findings).toEqual([]);
  });

  it('B32: a backtick, quote, newline or template in a subdomain sets the entry aside and names its path', () => {
    for (const sting of [
      'a`) || Host(`b',
      'a"',
      "a'",
      'a\nb: c',
      '{{ env "X" }}',
      'a\0',
      'a\u202eb',
      'a b',
    ]) {
      const snapshot = snapshotOf({ services: { bad: service(sting, 1), good: service('good', 2) } });
      expect([...snapshot.services.keys()]).toEqual(['good']);
      expect(snapshot.findings).toMatchObject([
        { severity: 'error', path: 'service-registry/services.json/bad/subdomain' },
      ]);
      // eslint-disable-next-line no-control-regex -- that none is there is the claim
      expect(snapshot.findings[0]?.message).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
    }
  });

  it('B40: a new time of update alone changes nothing', () => {
    const at = (updated: string): string =>
      snapshotOf({ services: { demo: service('demo', 1, { updated }) } }).digest;
    expect(at('2025-11-08T05:16:58Z')).toBe(at('2026-01-01T00:00:00Z'));
  });

  it('B41: a quote or backslash in a description is text like any other', () => {
    const snapshot = snapshotOf({
      domains: { domains: { 'curiios.com': { description: 'Vinay\'s "own" \\ site' } }, vps_nodes: [] },
    });
    expect(snapshot.findings).toEqual([]);
    expect(snapshot.domains.get('curiios.com')?.description).toBe('Vinay\'s "own" \\ site');
  });

  it('B44: of two records of one VPS the finding names the second', () => {
    const record = (public_ip: string): object => ({ tailscale_ip: vps.ip, public_ip });
    const snapshot = snapshotOf({
      domains: { domains: {}, vps_nodes: [record('45.8.133.192'), record('45.8.133.193')] },
    });
    expect(findingsOf(snapshot)).toContainEqual(
      expect.stringContaining('vps_nodes/1/tailscale_ip: expected each address once'),
    );
  });

  it('B45: routing that names a VPS which is gone is reported', () => {
    const snapshot = snapshotOf({
      services: { demo: service('demo', 1) },
      routing: { demo: { domains: ['curiios.com'], vps_nodes: ['100.1.2.3'] } },
    });
    expect(findingsOf(snapshot)).toEqual([
      'warning domain-registry/routing.json/demo/vps_nodes: names the VPS 100.1.2.3, which is not registered',
    ]);
  });

  it('B63: no default stands in for a cluster domain that is not set', () => {
    const snapshot = snapshotOf({ info: { 'cluster-name': 'x' } });
    expect(snapshot.clusterInfo.domain).toBeUndefined();
    expect(snapshot.findings).toMatchObject([{ severity: 'error', path: 'cluster-info/cluster-domain' }]);
  });

  it('027ab7b: empty lists are empty lists', () => {
    const snapshot = snapshotOf(nodes([]));
    expect(snapshot).toMatchObject({ complete: true, findings: [] });
  });

  it('b09b8e2: an empty text is the empty registry', () => {
    expect(snapshotOf({ services: '' })).toMatchObject({ complete: true, findings: [] });
  });
});
