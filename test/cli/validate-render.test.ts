import { describe, expect, it } from 'vitest';
import { demo, demoCluster, demoServices } from './registry-folder.ts';
import { site } from './support.ts';

describe('syncctl validate', () => {
  it('exits 0 on sound registries and counts them', async () => {
    const { code, out } = await (await site(demo)).run('validate');
    expect(out).toContain('0 errors');
    expect(out).toContain('valid: 2 services, 3 nodes, 1 domain, 0 routes');
    expect(code).toBe(0);
  });

  it('names every finding with its path and exits 65', async () => {
    const services = { ...demoServices, bad: { subdomain: 'x', ip: 'localhost', port: 70_000 } };
    const { run } = await site({ ...demo, services });
    const { code, out } = await run('validate');
    expect(code).toBe(65);
    expect(out).toMatch(/\[✗\] service-registry\/services\.json\/bad\/ip: expected /u);
    expect(out).toMatch(
      /\[✗\] service-registry\/services\.json\/bad\/port: expected a whole number from 1 to 65535, got 70000/u,
    );
    const json = JSON.parse((await run('validate', '-o', 'json')).out);
    expect(json).toMatchObject({ kind: 'ValidationReport', valid: false, errors: 2 });
  });

  it('exits 65 on a value that is no JSON', async () => {
    const { code, out } = await (await site({ ...demo, services: '{"demo":' })).run('validate');
    expect(code).toBe(65);
    expect(out).toContain('service-registry/services.json');
  });
});

describe('syncctl render', () => {
  const cluster = { ...demoCluster, 'sync-controller-cluster-id': 'sc-0123456789abcdef' };

  it('prints the exact bytes of a VPS, of public services alone', async () => {
    const { run } = await site({ ...demo, cluster });
    const { code, out, err } = await run('render', 'contabo-vps');
    expect(code).toBe(0);
    expect(out).toContain('Host(`demo.curiios.com`)');
    expect(out).not.toContain('grafana');
    expect(err).toBe('');
    const json = JSON.parse((await run('render', 'contabo-vps', '-o', 'json')).out);
    expect(json.targets[0].bytes).toBe(out);
  });

  it('prints the block of a laptop, found by its address', async () => {
    const { out } = await (await site({ ...demo, cluster })).run('render', '100.86.112.112');
    expect(out).toContain('100.76.150.207\tdemo.minicloud.local');
  });

  it('warns while the cluster id is not minted, and mints none', async () => {
    const { run } = await site(demo);
    const first = await run('render', 'contabo-vps');
    expect(first.err).toContain('the cluster id is minted by the first push');
    expect((await run('render', 'contabo-vps')).err).toBe(first.err);
  });

  it('exits 66 for a node nobody registered, and 65 where nothing can be rendered', async () => {
    const { run } = await site({ ...demo, cluster, domains: { domains: {}, vps_nodes: [] } });
    expect((await run('render', 'nobody')).code).toBe(66);
    const { code, err } = await run('render', 'contabo-vps');
    expect(code).toBe(65);
    expect(err).toContain('no public domain');
  });
});
