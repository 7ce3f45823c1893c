import { describe, expect, it } from 'vitest';
import {
  demo,
  demoDomains,
  demoNodes,
  demoServices,
  readKeyValue,
  writeRegistry,
} from './registry-folder.ts';
import { site } from './support.ts';

const routing = (registry: string) => readKeyValue(registry, 'domain-registry', 'routing.json');
const domains = (registry: string) => readKeyValue(registry, 'domain-registry', 'domains.json');
const vps = demoNodes.vps_nodes[0]!;
const twoVps = { ...demoNodes, vps_nodes: [vps, { ...vps, ip: '100.70.123.45', name: 'hetzner-vps' }] };
const twoRecords = {
  ...demoDomains,
  vps_nodes: [
    ...demoDomains.vps_nodes,
    { tailscale_ip: '100.70.123.45', public_ip: '49.12.1.2', location: 'us', status: 'active' },
  ],
};

describe('syncctl domain route', () => {
  it('routes the present public services first, in the same write, so that nothing is withdrawn', async () => {
    const { run, registry } = await site({
      ...demo,
      services: { ...demoServices, chat: { ...demoServices.demo, subdomain: 'chat' } },
    });
    await run('domain', 'add', 'vinay.com', '--yes');
    await writeRegistry(registry, {
      ...demo,
      services: { ...demoServices, chat: { ...demoServices.demo, subdomain: 'chat' } },
      cluster: { 'cluster-domain': 'minicloud', 'public-domain': 'curiios.com' },
    });
    await run('domain', 'add', 'vinay.com');
    const { code, err } = await run('domain', 'route', 'chat', 'vinay.com', '--yes');
    expect(code).toBe(0);
    expect(err).not.toContain('Withdraws');
    expect(err).toContain('Serves chat.vinay.com');
    expect(await routing(registry)).toMatchObject({
      demo: { domains: ['curiios.com'], vps_nodes: ['100.68.225.92'] },
      chat: { domains: ['curiios.com', 'vinay.com'] },
    });
  });

  it('adds domains to the present ones, or replaces them with --only', async () => {
    const { run, registry } = await site({
      ...demo,
      domains: { ...demoDomains, domains: { 'a.com': {}, 'b.com': {} } },
      routing: { demo: { domains: ['a.com'], vps_nodes: ['100.68.225.92'], strategy: 'geo' } },
    });
    await run('domain', 'route', 'demo', 'b.com');
    expect((await routing(registry)).demo).toMatchObject({ domains: ['a.com', 'b.com'], strategy: 'geo' });
    await run('domain', 'route', 'demo', 'b.com', '--only', '--strategy', 'primary-backup');
    expect((await routing(registry)).demo).toMatchObject({ domains: ['b.com'], strategy: 'primary-backup' });
  });

  it.each([
    ['an unknown service', ['nothing', 'curiios.com'], 66],
    ['an unknown domain', ['demo', 'other.com'], 66],
    ['an unknown strategy', ['demo', 'curiios.com', '--strategy', 'random'], 64],
  ])('refuses %s', async (_what, words, expected) => {
    const { run, registry } = await site(demo);
    expect((await run('domain', 'route', ...words)).code).toBe(expected);
    expect(await routing(registry)).toEqual({});
  });
});

describe('syncctl domain unroute', () => {
  it('leaves the last entry without domains, because an empty registry means the single domain', async () => {
    const { run, registry } = await site({
      ...demo,
      routing: { demo: { domains: ['curiios.com'], vps_nodes: ['100.68.225.92'], strategy: 'round-robin' } },
    });
    expect((await run('domain', 'unroute', 'demo')).code).toBe(0);
    expect((await routing(registry)).demo).toMatchObject({ domains: [], vps_nodes: ['100.68.225.92'] });
    expect((await run('domain', 'unroute', 'grafana')).code).toBe(66);
  });
});

describe('syncctl domain add and remove', () => {
  it('migrate the abandoned key of old clusters into the list (B31, B44)', async () => {
    const { run, registry } = await site({
      ...demo,
      domains: { 'curiios.com': { description: 'old layout' } },
    });
    const { code } = await run(
      'domain',
      'add',
      '--vps',
      '100.68.225.92',
      '--public-ip',
      '45.8.133.192',
      '--location',
      'eu',
    );
    expect(code).toBe(0);
    await run('domain', 'add', '--vps', '100.68.225.92', '--public-ip', '45.8.133.200');
    expect(await domains(registry)).toMatchObject({
      domains: { 'curiios.com': { description: 'old layout' } },
      vps_nodes: [
        { tailscale_ip: '100.68.225.92', public_ip: '45.8.133.200', location: 'eu', status: 'active' },
      ],
    });
  });

  it('take a VPS out of every route, too (B45)', async () => {
    const { run, registry } = await site({
      ...demo,
      nodes: twoVps,
      domains: twoRecords,
      routing: {
        demo: { domains: ['curiios.com'], vps_nodes: ['100.70.123.45', '100.68.225.92'], strategy: 'geo' },
      },
    });
    const { code, err } = await run('domain', 'remove', '--vps', '100.70.123.45', '--yes');
    expect(code).toBe(0);
    expect(err).toContain('Withdraws demo.curiios.com');
    expect((await routing(registry)).demo.vps_nodes).toEqual(['100.68.225.92']);
    expect((await domains(registry)).vps_nodes).toEqual(demoDomains.vps_nodes);
  });

  it('list no service of a domain that no VPS serves', async () => {
    const { run } = await site({
      ...demo,
      domains: { ...demoDomains, domains: { ...demoDomains.domains, 'vinay.com': { status: 'active' } } },
      nodes: { ...demoNodes, vps_nodes: [{ ...vps, sync_controller: { public_domain: 'curiios.com' } }] },
    });
    const { out } = await run('domain', 'list');
    expect(out).toMatch(/^curiios\.com +all public ones/mu);
    expect(out).toMatch(/^vinay\.com +- /mu);
  });

  it('end no route that is not there, and say which ones are', async () => {
    const { run, registry } = await site({
      ...demo,
      nodes: twoVps,
      routing: {
        demo: { domains: ['curiios.com', 'gone.com'], vps_nodes: ['100.68.225.92'], strategy: 'geo' },
      },
    });
    const before = await routing(registry);
    const { code, err } = await run('domain', 'unroute', 'demo', 'gone.com', 'curios.com');
    expect([code, err]).toEqual([
      66,
      '[✗] domain: expected one to which demo is routed (curiios.com, gone.com), got "curios.com"; list them with: syncctl domain list\n',
    ]);
    expect(await routing(registry)).toEqual(before);
    // One that is registered no more can be left all the same.
    expect((await run('domain', 'unroute', 'demo', 'gone.com')).code).toBe(0);
    expect((await routing(registry)).demo.domains).toEqual(['curiios.com']);
  });

  it('say of a name that one VPS loses and another goes on serving that it is withdrawn from some', async () => {
    const { run } = await site({
      ...demo,
      nodes: twoVps,
      domains: twoRecords,
      routing: {
        demo: { domains: ['curiios.com'], vps_nodes: ['100.70.123.45', '100.68.225.92'], strategy: 'geo' },
      },
    });
    const { err } = await run('domain', 'route', 'demo', '--vps', 'hetzner-vps', '--dry-run');
    expect(err).toContain('[⚠] Withdraws demo.curiios.com from some VPS\n');
  });

  it('ask before a domain goes', async () => {
    const { run, registry } = await site(demo);
    expect((await run('domain', 'remove', 'curiios.com')).code).toBe(64);
    expect((await run('domain', 'remove', 'nothing.com', '--yes')).code).toBe(66);
    expect((await domains(registry)).domains).toEqual(demoDomains.domains);
  });

  it.each([
    ['both', ['a.com', '--vps', '100.1.1.1']],
    ['neither', []],
    ['no domain', ['localhost']],
    ['no address', ['--vps', 'contabo', '--public-ip', '1.2.3.4']],
    ['no public address', ['--vps', '100.1.1.1']],
  ])('refuse %s', async (_what, words) => {
    expect((await (await site(demo)).run('domain', 'add', ...words)).code).toBe(64);
  });
});

describe('syncctl domain show', () => {
  it.each([
    ['round-robin', ['all at once', 'all at once']],
    ['primary-backup', ['primary', 'backup 1']],
    ['geo', ['clients near us', 'clients near eu']],
  ])('orders the records by %s', async (strategy, roles) => {
    const { run } = await site({
      ...demo,
      nodes: twoVps,
      domains: twoRecords,
      routing: {
        demo: { domains: ['curiios.com'], vps_nodes: ['100.70.123.45', '100.68.225.92'], strategy },
      },
    });
    const { out } = await run('domain', 'show', 'curiios.com', '-o', 'json');
    const { records } = JSON.parse(out);
    expect(records).toMatchObject([
      { host: 'demo.curiios.com', address: '49.12.1.2', role: roles[0] },
      { host: 'demo.curiios.com', address: '45.8.133.192', role: roles[1] },
    ]);
  });

  it('names the service on a cluster with one domain, and the VPS whose public address is missing', async () => {
    const { run } = await site({ ...demo, nodes: twoVps });
    const { out, err } = await run('domain', 'show');
    expect(out).toMatch(
      /^demo\.curiios\.com +A +45\.8\.133\.192 +round-robin +all at once +demo +100\.68\.225\.92$/mu,
    );
    expect(err).toContain('100.70.123.45: no public_ip is registered');
    expect((await run('domain', 'show', 'nothing.com')).code).toBe(66);
    expect((await run('domain', 'list')).out).toContain('curiios.com');
  });
});
