import { describe, expect, it } from 'vitest';
import { EnrolDouble, rows, withEnrol } from './enrol-double.ts';
import { demo, demoNodes } from './registry-folder.ts';
import { site } from './support.ts';

const dnsmasq = {
  ip: '100.91.1.1',
  name: 'ns-1',
  ssh_user: 'root',
  status: 'active',
  last_sync: '2025-11-21T20:45:00Z',
};
const caddy = { ...dnsmasq, ip: '100.70.1.1', name: 'edge-1', status: 'pending_sync', last_sync: null };
const nodes = { ...demoNodes, caddy_nodes: [caddy], dnsmasq_nodes: [dnsmasq] };

describe('node types beside the three of the predecessor', () => {
  it('are listed by health after those, in one order whatever the registry has', async () => {
    const { out } = await (await site({ ...demo, nodes })).run('health');
    expect(out).toMatch(
      /Worker Nodes:\n\nDNS Nodes \(dnsmasq\):\n {2}• ns-1: active .*\n\nCaddy Edge Nodes:\n {2}• edge-1: pending_sync \(last sync: never\)\n\n$/u,
    );
  });

  it('are counted where there are any, and not named where there are none', async () => {
    const counted = (await (await site({ ...demo, nodes })).run('node', 'stats')).out;
    expect(counted).toContain('  DNS Nodes (dnsmasq): 1\n  Caddy Edge Nodes: 1\n');
    const plain = await site(demo);
    expect((await plain.run('node', 'stats')).out).not.toMatch(/dnsmasq|Caddy/u);
    expect(JSON.parse((await plain.run('node', 'stats', '-o', 'json')).out)).toMatchObject({
      counts: { management_laptops: 2, vps_nodes: 1, worker_nodes: 0 },
    });
    expect((await plain.run('health')).out).not.toMatch(/dnsmasq|Caddy/u);
  });

  it.each([
    ['dnsmasq', 'dnsmasq_nodes'],
    ['caddy', 'caddy_nodes'],
    ['caddy_nodes', 'caddy_nodes'],
  ])('are added by their word or their name: %s', async (word, list) => {
    const enrol = new EnrolDouble();
    const { run, registry } = await withEnrol(enrol);
    const ran = await run('node', 'add', '100.70.1.9', '--type', word, '--name', 'new-one', '--yes');
    expect(ran.code).toBe(0);
    expect((await rows(registry))[list]).toMatchObject([{ ip: '100.70.1.9', name: 'new-one' }]);
    expect(enrol.installs).toEqual(['new-one']);
  });

  it('are named by what is wrong with another word', async () => {
    const { run } = await withEnrol(new EnrolDouble());
    const { code, err } = await run('node', 'add', '100.70.1.9', '--type', 'bind', '--yes');
    expect(code).toBe(64);
    expect(err).toContain('dnsmasq_nodes, caddy_nodes');
  });

  it('a service is routed to a Caddy edge by its name, and its DNS records name the edge', async () => {
    const domains = {
      domains: { 'curiios.com': { description: '', registered: '', status: 'active' } },
      vps_nodes: [{ tailscale_ip: '100.70.1.1', public_ip: '45.8.133.9', location: 'eu', status: 'active' }],
    };
    const { run } = await site({ ...demo, nodes: { ...nodes, vps_nodes: [] }, domains });
    expect((await run('domain', 'route', 'demo', 'curiios.com', '--vps', 'edge-1', '--yes')).code).toBe(0);
    const shown = (await run('domain', 'show', 'curiios.com')).out;
    expect(shown).toContain('45.8.133.9');
    expect((await run('render', 'edge-1')).out).toContain('demo.curiios.com {');
  });
});
