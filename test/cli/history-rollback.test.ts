import { describe, expect, it } from 'vitest';
import type { Source } from '../../src/registry/source.ts';
import { ControllerDouble, status } from './controller-double.ts';
import { fileRevision } from './history-site.ts';
import { demo, demoDomains, demoNodes, demoServices, readKeyText, writeRegistry } from './registry-folder.ts';
import { folderSource, site, type Site } from './support.ts';

// Spelled as no program of ours would: every byte has to come back.
const services = `{"demo" : {"subdomain":"demo","ip":"100.76.150.207","port":8.0e1,"public":true, "x-note":"ü" }\r\n}`;
const text = (made: Site, object: string, key: string) => readKeyText(made.registry, object, key);

/** R1 with the odd services, R2 without them and with another domain. */
async function moved(changes: Parameters<typeof site>[1] = {}): Promise<Site> {
  const made = await site({ ...demo, services }, changes);
  await fileRevision(made);
  const domains = { ...demoDomains, domains: { ...demoDomains.domains, 'new.org': { description: '' } } };
  await writeRegistry(made.registry, { ...demo, services: {}, domains });
  await fileRevision(made);
  return made;
}

const words = ['rollback', 'R1', '--reason', 'it broke the shop'] as const;

describe('syncctl rollback', () => {
  it('brings every byte of the old texts back, as one more revision that says whose it is', async () => {
    const made = await moved();
    const { code, err } = await made.run(...words, '--yes');
    expect([code, err]).toEqual([0, expect.stringContaining('[✓] The registries are those of R1 again')]);
    expect(await text(made, 'service-registry', 'services.json')).toBe(services);
    expect(await text(made, 'domain-registry', 'domains.json')).toBe(JSON.stringify(demoDomains));
    expect(err).toContain(
      '[INFO] To undo: syncctl rollback R2 --only domain-registry --only service-registry --reason "…"',
    );
    await fileRevision(made);
    expect((await made.run('history', '-o', 'wide')).out).toMatch(
      /^R3 .* ada .*\+service demo.* rollback to R1: it broke the shop/mu,
    );
    expect((await made.run('diff', 'R1', 'R3')).out).toContain('no difference');
    expect((await made.run('rollback', 'R2', '--reason', 'x', '--yes')).code).toBe(0);
    expect(await text(made, 'service-registry', 'services.json')).toBe('{}');
  });

  it('shows what it reaches and asks first; without a terminal it wants --yes', async () => {
    const made = await moved();
    const { code, err } = await made.run(...words);
    expect(code).toBe(64);
    expect(err).toContain('+ service-registry/services.json/demo: ');
    expect(err).toContain('- domain-registry/domains.json/domains/new.org: ');
    expect(err).toContain('3 nodes would get other bytes: ');
    expect(err).toContain('pass --yes');
    expect(await text(made, 'service-registry', 'services.json')).toBe('{}');
    const asking = await moved({ ask: async () => 'n' });
    expect((await asking.run(...words)).code).toBe(1);
    expect(await text(asking, 'service-registry', 'services.json')).toBe('{}');
  });

  it('writes nothing in a dry run, and nothing where all is so already', async () => {
    const made = await moved();
    const { code, err } = await made.run(...words, '--dry-run');
    expect([code, err]).toEqual([0, expect.stringContaining('3 nodes would get other bytes')]);
    expect(await text(made, 'service-registry', 'services.json')).toBe('{}');
    expect((await made.run('rollback', 'latest', '--reason', 'x')).err).toContain('it was so already');
  });

  it('demands a reason in words', async () => {
    const made = await moved();
    expect((await made.run('rollback', 'R1', '--yes')).code).toBe(64);
    expect((await made.run('rollback', 'R1', '--yes', '--reason', ' ')).code).toBe(64);
  });

  it('brings one object back alone with --only', async () => {
    const made = await moved();
    expect((await made.run(...words, '--yes', '--only', 'domain-registry')).code).toBe(0);
    expect(await text(made, 'service-registry', 'services.json')).toBe('{}');
    expect(await text(made, 'domain-registry', 'domains.json')).toBe(JSON.stringify(demoDomains));
    expect((await made.run(...words, '--only', 'secrets')).code).toBe(64);
  });

  it('leaves keys of others, recorded statuses and what says the same alone', async () => {
    const made = await site({ ...demo, cluster: { ...demo.cluster, 'their-key': 'theirs' } });
    await fileRevision(made);
    const row = { ...demoNodes.vps_nodes[0], status: 'error', last_error: 'now', ssh_user: 'other' };
    const nodes = { ...demoNodes, vps_nodes: [row] };
    await writeRegistry(made.registry, {
      ...demo,
      nodes,
      services: JSON.stringify(demoServices, undefined, 4),
      cluster: { ...demo.cluster, 'cluster-name': 'other', 'their-key': 'theirs now' },
    });
    await fileRevision(made);
    expect((await made.run('rollback', 'R1', '--reason', 'x', '--yes')).code).toBe(0);
    expect(await text(made, 'cluster-info', 'their-key')).toBe('theirs now');
    expect(await text(made, 'cluster-info', 'cluster-name')).toBe('home');
    expect(await text(made, 'service-registry', 'services.json')).toBe(
      JSON.stringify(demoServices, undefined, 4),
    );
    const kept = { ...demoNodes.vps_nodes[0], status: 'error', last_error: 'now' };
    expect(JSON.parse((await text(made, 'sync-controller-registry', 'registry.json')) ?? '')).toEqual({
      ...demoNodes,
      vps_nodes: [kept],
    });
  });

  it('says which rows of nodes go with it', async () => {
    const made = await site({ ...demo, nodes: { ...demoNodes, vps_nodes: [] } });
    await fileRevision(made);
    await writeRegistry(made.registry, demo);
    await fileRevision(made);
    expect((await made.run('rollback', 'R1', '--reason', 'x', '--dry-run')).err).toContain(
      'The rows of contabo-vps go: they are left as they are, and told as orphaned',
    );
  });

  it('overwrites nothing that somebody has written since it was shown', async () => {
    let reads = 0;
    const made = await moved({
      openSource: folderSource((real): Partial<Source> => ({
        edit: async (object, key, edit) => {
          // Between the look and the write an editor saves.
          if (object === 'service-registry' && (reads += 1) === 1)
            await writeRegistry(made.registry, { ...demo, services: { late: demoServices.grafana } });
          return real.edit(object, key, edit);
        },
      })),
    });
    const { code, err } = await made.run(...words, '--yes', '--only', 'service-registry');
    expect([code, err]).toEqual([75, expect.stringContaining('got one that somebody has written since')]);
    expect(await text(made, 'service-registry', 'services.json')).toContain('late');
  });

  it('refuses a revision with entries that would be set aside', async () => {
    const made = await site({ ...demo, services: { demo: { ...demoServices.demo, port: 99_999 } } });
    await fileRevision(made);
    await writeRegistry(made.registry, demo);
    await fileRevision(made);
    expect(await made.run('rollback', 'R1', '--reason', 'x', '--yes')).toMatchObject({
      code: 65,
      err: expect.stringContaining('nothing was written'),
    });
  });

  it('carries its approval where the guard would hold it', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 12 }, (_, n) => [`s${n}`, { ...demoServices.grafana, subdomain: `s${n}` }]),
    );
    const controller = new ControllerDouble();
    controller.state = status({ daemon: false });
    const made = await site(demo, { openController: () => Promise.resolve(controller) });
    await fileRevision(made);
    await writeRegistry(made.registry, { ...demo, services: { ...demoServices, ...many } });
    await fileRevision(made);
    const shown = await made.run('rollback', 'R1', '--reason', 'x');
    expect(shown.err).toContain('The guard would hold this: ');
    const hash = /"hash": "([0-9a-f]+)"/u.exec(
      (await made.run('rollback', 'R1', '--reason', 'x', '--dry-run', '-o', 'json')).out,
    )?.[1];
    controller.state = status({ daemon: false, held: [{ hash: hash ?? '', reason: 'many', names: ['s0'] }] });
    controller.held = new Set([hash ?? '']);
    expect((await made.run('rollback', 'R1', '--reason', 'x', '--yes')).code).toBe(0);
    expect(controller.asked.find(({ what }) => what === 'approve')?.with).toMatchObject({ hash });
  });
});
