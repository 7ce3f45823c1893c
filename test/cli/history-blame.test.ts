import { describe, expect, it } from 'vitest';
import { fileRevision } from './history-site.ts';
import { demo, demoCluster, demoServices, writeRegistry } from './registry-folder.ts';
import { site, type Site } from './support.ts';

const content = { ...demo, cluster: { ...demoCluster, 'sync-controller-cluster-id': 'sc-0123456789abcdef' } };
const early = '2026-01-01T00:00:00Z';
const late = '2026-01-02T00:00:00Z';

/** R1: the demo, everywhere. R2: a wiki, registered and published by ada, with the endings that a test gives. */
async function lived(pushes: Parameters<typeof fileRevision>[1] = {}): Promise<Site> {
  const made = await site(content);
  const all = { 'vinay-laptop': 'changed', 'dev-laptop': 'changed', 'contabo-vps': 'changed' } as const;
  await fileRevision(made, { at: early, pushes: all });
  await made.run(
    'service',
    'register',
    'wiki',
    '--ip',
    '100.76.150.61',
    '--port',
    '8080',
    '--reason',
    'team',
  );
  await made.run('service', 'publish', 'wiki', '--reason', 'for customers', '--yes');
  await fileRevision(made, { at: late, ...pushes });
  return made;
}

describe('syncctl blame', () => {
  it('says of every line which revision and whose edit put it there', async () => {
    const made = await lived();
    const { code, out } = await made.run('blame', 'vinay-laptop');
    expect(code).toBe(0);
    expect(out).toContain(`^R1  ${early}  -   │ 100.76.150.207\tdemo.minicloud.local\n`);
    expect(out).toContain(`R2   ${late}  ada │ 100.76.150.61\twiki.minicloud.local\n`);
    expect(out.split('\n').filter((line) => line.startsWith('R2'))).toHaveLength(1);
    const plain = (await made.run('render', 'vinay-laptop')).out;
    expect(
      out
        .split('\n')
        .map((line) => line.replace(/^[^│]*│ ?/u, ''))
        .join('\n'),
    ).toBe(plain);
  });

  it('blames in a routes file the lines of the new route, and not the old ones like them', async () => {
    const made = await lived();
    const { lines } = JSON.parse((await made.run('blame', 'contabo-vps', '-o', 'json')).out) as {
      lines: { line: string; revision: number; who: string | null; why: string | null }[];
    };
    const fresh = lines.filter(({ revision }) => revision === 2);
    expect(new Set(fresh.map(({ who, why }) => `${who ?? ''} ${why ?? ''}`))).toEqual(
      new Set(['ada for customers']),
    );
    expect(fresh.map(({ line }) => line).join('\n')).toContain('Host(`wiki.curiios.com`)');
    expect(fresh.map(({ line }) => line).join('\n')).not.toContain('demo');
    const routers = lines.filter(({ line }) => line.includes('entryPoints:'));
    expect(routers.map(({ revision }) => revision).sort()).toEqual([1, 1, 2, 2]);
  });

  it('marks what no controller has filed yet', async () => {
    const made = await lived();
    await made.run('service', 'register', 'tea', '--ip', '100.76.150.62', '--port', '80');
    expect((await made.run('blame', 'dev-laptop')).out).toMatch(
      /^now +- +- +│ 100\.76\.150\.62\ttea\.minicloud\.local$/mu,
    );
  });

  it('refuses a node that is not registered', async () => {
    expect((await (await lived()).run('blame', 'nobody')).code).toBe(66);
  });
});

describe('syncctl why', () => {
  it('says where a service is live, where not, since when and why', async () => {
    const made = await lived({
      pushes: { 'vinay-laptop': 'changed', 'dev-laptop': 'timeout', 'contabo-vps': 'in sync' },
    });
    const { code, out } = await made.run('why', 'wiki');
    expect(code).toBe(1);
    expect(out).toContain('Names:     wiki.minicloud.local, wiki.curiios.com\n');
    expect(out).toContain(`As it is:  since R2, ${late} by ada: for customers\n`);
    expect(out).toMatch(new RegExp(`^vinay-laptop +live +${late} +-$`, 'mu'));
    expect(out).toMatch(new RegExp(`^dev-laptop +missing +${late} +timeout: no answer in 10 s$`, 'mu'));
    expect(out).toMatch(new RegExp(`^contabo-vps +live +${late} +-$`, 'mu'));
  });

  it('ends with 0 where it is live wherever it is meant to be, and says why it is not meant elsewhere', async () => {
    const made = await lived({
      pushes: { 'vinay-laptop': 'changed', 'dev-laptop': 'changed', 'contabo-vps': 'changed' },
    });
    expect((await made.run('why', 'wiki')).code).toBe(0);
    const { code, out } = await made.run('why', 'grafana');
    expect(code).toBe(0);
    expect(out).toMatch(/^contabo-vps +not-meant +- +the service is private$/mu);
    expect(out).toContain('since before R1');
  });

  it('tells the edit that took a service away, and who still has it', async () => {
    const made = await lived({
      pushes: { 'vinay-laptop': 'changed', 'dev-laptop': 'changed', 'contabo-vps': 'changed' },
    });
    await made.run('service', 'unregister', 'wiki', '--yes', '--reason', 'nobody reads');
    await fileRevision(made, {
      at: '2026-01-03T00:00:00Z',
      pushes: { 'vinay-laptop': 'changed', 'dev-laptop': 'timeout' },
    });
    const { code, out } = await made.run('why', 'wiki');
    expect(code).toBe(1);
    expect(out).toContain('Service:  wiki (not registered)\n');
    expect(out).toContain('Gone:     since R3, 2026-01-03T00:00:00Z by ada: nobody reads\n');
    expect(out).toMatch(/^vinay-laptop +not-meant +- +the service is not registered$/mu);
    expect(out).toMatch(
      /^dev-laptop +leftover +2026-01-03T00:00:00Z +timeout: the service is not registered; no answer in 10 s$/mu,
    );
    expect((await made.run('why', 'nothing')).code).toBe(66);
  });

  it('calls a node live that has the names by an older plan, and says what keeps it from the newest', async () => {
    const made = await lived({
      pushes: { 'vinay-laptop': 'changed', 'dev-laptop': 'changed', 'contabo-vps': 'changed' },
    });
    await writeRegistry(made.registry, {
      ...content,
      services: {
        ...demoServices,
        ...(await wikiOf(made)),
        tea: { ...demoServices.grafana, subdomain: 'tea' },
      },
    });
    await fileRevision(made, { at: '2026-01-03T00:00:00Z', pushes: { 'dev-laptop': 'timeout' } });
    const { out } = await made.run('why', 'wiki');
    expect(out).toMatch(new RegExp(`^dev-laptop +live +${late} +timeout: no answer in 10 s$`, 'mu'));
    expect((await made.run('why', 'tea')).out).toMatch(
      /^dev-laptop +missing +2026-01-03T00:00:00Z +timeout/mu,
    );
  });
});

async function wikiOf(made: Site): Promise<object> {
  const { readKeyValue } = await import('./registry-folder.ts');
  const all = (await readKeyValue(made.registry, 'service-registry', 'services.json')) as Record<
    string,
    object
  >;
  return { wiki: all['wiki'] };
}
