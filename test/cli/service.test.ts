import { describe, expect, it } from 'vitest';
import type { Source } from '../../src/registry/source.ts';
import { ControllerDouble, status } from './controller-double.ts';
import { demo, demoDomains, demoServices, readKeyText, readKeyValue } from './registry-folder.ts';
import { folderSource, site } from './support.ts';

const services = (registry: string) => readKeyValue(registry, 'service-registry', 'services.json');
const routing = (registry: string) => readKeyValue(registry, 'domain-registry', 'routing.json');
const twoDomains = {
  ...demoDomains,
  domains: {
    ...demoDomains.domains,
    'vinay.com': { description: '', registered: '2025-11-21T07:49:35Z', status: 'active' },
  },
};
const routed = {
  demo: {
    domains: ['curiios.com'],
    vps_nodes: ['100.68.225.92'],
    strategy: 'round-robin',
    updated: '2025-11-21T07:49:35Z',
  },
};

describe('syncctl service list and show', () => {
  it('show where each service is reachable', async () => {
    const { run } = await site(demo);
    expect((await run('service', 'list')).out).toMatch(
      /^demo +demo +100\.76\.150\.207:80 +yes +demo\.curiios\.com$/mu,
    );
    expect((await run('service', 'list', '--public', '-o', 'json')).out).not.toContain('grafana');
    const { out } = await run('service', 'show', 'grafana');
    expect(out).toContain('Inside:      grafana.minicloud.local\n');
    expect(out).toContain('Hosts:       -\n');
    expect((await run('service', 'show', 'nothing')).code).toBe(66);
  });
});

describe('syncctl service register', () => {
  it('adds a private service, and keeps every other byte', async () => {
    const { run, registry } = await site(demo);
    const before = (await readKeyText(registry, 'service-registry', 'services.json')) ?? '';
    const { code, err } = await run(
      'service',
      'register',
      'photos',
      'photos',
      '--ip',
      '100.76.150.9',
      '--port',
      '2283',
    );
    expect(err).toContain('[✓] photos is registered');
    expect(err).toContain('No daemon runs: bring it to the nodes with: syncctl push');
    expect(code).toBe(0);
    const after = (await readKeyText(registry, 'service-registry', 'services.json')) ?? '';
    expect(after.startsWith(before.slice(0, -1))).toBe(true);
    expect((await services(registry)).photos).toMatchObject({
      subdomain: 'photos',
      ip: '100.76.150.9',
      port: 2283,
      public: false,
    });
  });

  it('keeps what is public public, and the fields nobody gave', async () => {
    const { run, registry } = await site({
      ...demo,
      services: { demo: { ...demoServices.demo, note: 'keep me' } },
    });
    await run('service', 'register', 'demo', '--ip', '100.76.150.208');
    expect((await services(registry)).demo).toMatchObject({
      public: true,
      note: 'keep me',
      namespace: 'demo-apps',
      port: 80,
      ip: '100.76.150.208',
    });
  });

  it.each([
    ['a bad subdomain', ['x', 'a b', '--ip', '100.1.1.1', '--port', '1'], 65],
    ['a loopback address', ['x', 'x', '--ip', '127.0.0.1', '--port', '1'], 65],
    ['a name taken by another target', ['x', 'demo', '--ip', '100.1.1.1', '--port', '1'], 65],
    ['no port', ['x', 'x', '--ip', '100.1.1.1'], 64],
    ['a bad port', ['x', 'x', '--ip', '100.1.1.1', '--port', '70000'], 64],
  ])('refuses %s and writes nothing', async (_what, words, expected) => {
    const { run, registry } = await site(demo);
    const before = await readKeyText(registry, 'service-registry', 'services.json');
    const { code, err } = await run('service', 'register', ...words);
    expect(code).toBe(expected);
    expect(err.split('\n').filter((line) => line.startsWith('[✗]'))).toHaveLength(1);
    expect(await readKeyText(registry, 'service-registry', 'services.json')).toBe(before);
  });

  it('does not bury a text that somebody is typing', async () => {
    const { run, registry } = await site({ ...demo, services: '{"demo": ' });
    expect((await run('service', 'register', 'x', 'x', '--ip', '100.1.1.1', '--port', '1')).code).toBe(65);
    expect(await readKeyText(registry, 'service-registry', 'services.json')).toBe('{"demo": ');
  });
});

describe('syncctl service publish and unpublish', () => {
  it('flip public on a cluster with one domain, and say what is served and withdrawn', async () => {
    const { run, registry } = await site(demo);
    const published = await run('service', 'publish', 'grafana');
    expect(published.err).toContain('Serves grafana.curiios.com');
    expect((await services(registry)).grafana.public).toBe(true);
    expect(await routing(registry)).toEqual({});
    const unpublished = await run('service', 'unpublish', 'grafana', '-o', 'json');
    expect(JSON.parse(unpublished.out)).toMatchObject({
      kind: 'ChangeReport',
      changed: true,
      hostsRemoved: ['grafana.curiios.com'],
    });
    expect((await services(registry)).grafana.public).toBe(false);
  });

  it('write the routing before public, and public before the routing goes', async () => {
    const order: string[] = [];
    const spied = (real: Source): Partial<Source> => ({
      edit: (...words) => {
        order.push(words[1]);
        return real.edit(...words);
      },
    });
    const { run } = await site(
      { ...demo, domains: twoDomains, routing: routed },
      { openSource: folderSource(spied) },
    );
    expect((await run('service', 'publish', 'grafana', '--domain', 'vinay.com')).code).toBe(0);
    expect((await run('service', 'unpublish', 'grafana')).code).toBe(0);
    expect(order).toEqual(['routing.json', 'services.json', 'services.json', 'routing.json']);
  });

  it('demand a domain where several are registered, and take no unknown one', async () => {
    const { run } = await site({ ...demo, domains: twoDomains, routing: routed });
    expect((await run('service', 'publish', 'grafana')).code).toBe(64);
    expect((await run('service', 'publish', 'grafana', '--domain', 'unknown.com')).code).toBe(66);
    expect(
      (await run('service', 'publish', 'grafana', '--domain', 'vinay.com', '--vps', 'nobody')).code,
    ).toBe(66);
    expect((await run('service', 'publish', 'nothing')).code).toBe(66);
  });

  it('leave the registries alone on a dry run', async () => {
    const { run, registry } = await site(demo);
    const { code, err } = await run('service', 'publish', 'grafana', '--dry-run');
    expect(code).toBe(0);
    expect(err).toContain('Serves grafana.curiios.com');
    expect((await services(registry)).grafana.public).toBe(false);
  });

  it('say so where it was so already', async () => {
    const { run } = await site(demo);
    const { code, err } = await run('service', 'publish', 'demo');
    expect(code).toBe(0);
    expect(err).toContain('demo is public: it was so already');
  });

  it('push at once on demand, and end with its exit code', async () => {
    const controller = new ControllerDouble();
    controller.state = status({ daemon: false });
    const { run } = await site(demo, { openController: () => Promise.resolve(controller) });
    expect((await run('service', 'unpublish', 'demo', '--push')).code).toBe(0);
    // The look at the registries comes first, so that what is pushed is what was written.
    expect(controller.done).toEqual(['plan', 'push']);
  });

  it('work on an entry that is set aside: closing never waits for tidiness', async () => {
    const { run, registry } = await site({
      ...demo,
      services: { bad: { subdomain: 'x y', ip: '100.1.1.1', port: 80, public: true } },
    });
    expect((await run('service', 'unpublish', 'bad')).code).toBe(0);
    expect((await services(registry)).bad.public).toBe(false);
  });
});

describe('syncctl service unregister', () => {
  it('removes the routing and then the entry', async () => {
    const { run, registry } = await site({ ...demo, routing: { ...routed, grafana: routed.demo } });
    expect((await run('service', 'unregister', 'demo')).code).toBe(0);
    expect(await services(registry)).toEqual({ grafana: demoServices.grafana });
    expect(await routing(registry)).toEqual({ grafana: routed.demo });
  });

  it('carries its own approval where the guard would hold the removal', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const many = Object.fromEntries(
      names.map((name) => [name, { subdomain: name, ip: '100.76.150.207', port: 80, public: true }]),
    );
    const routes = Object.fromEntries(names.map((name) => [name, routed.demo]));
    const controller = new ControllerDouble();
    const { run } = await site(
      { ...demo, services: many, routing: routes },
      { openController: () => Promise.resolve(controller) },
    );
    const asked = await run('domain', 'remove', 'curiios.com');
    expect(asked.code).toBe(64);
    expect(asked.err).toContain('The guard would hold this');
    expect(asked.err).toContain('pass --yes');
    const { hash } = JSON.parse((await run('domain', 'remove', 'curiios.com', '--dry-run', '-o', 'json')).out)
      .held[0];
    controller.state = status({
      daemon: false,
      held: [{ hash, reason: 'as the guard of the controller says', names: [] }],
    });
    const { code, out } = await run('domain', 'remove', 'curiios.com', '--yes', '-o', 'json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ changed: true, held: [{ hash }] });
    expect(controller.asked.find(({ what }) => what === 'approve')?.with).toEqual({
      hash,
      actor: { who: 'ada', reason: undefined },
    });
  });
});

describe('syncctl service discover', () => {
  it('needs a Kubernetes source', async () => {
    const { code, err } = await (await site(demo)).run('service', 'discover');
    expect(code).toBe(69);
    expect(err).toContain('got a folder');
  });

  it('writes what it found, and removes only with a confirmation', async () => {
    const found = [{ namespace: 'demo-apps', name: 'demo', ip: '100.76.150.222', port: 80, annotations: {} }];
    const { run, registry } = await site(
      {
        ...demo,
        services: {
          ...demoServices,
          chat: {
            subdomain: 'chat',
            namespace: 'ai',
            service: 'chat',
            ip: '100.76.150.3',
            port: 80,
            public: true,
          },
        },
      },
      {
        openSource: folderSource(() => ({ loadBalancers: () => Promise.resolve(found) })),
      },
    );
    expect((await run('service', 'discover')).code).toBe(64);
    const { code, err } = await run('service', 'discover', '--yes');
    expect(code).toBe(0);
    expect(err).toContain('0 services added, 1 changed, 2 removed');
    const after = await services(registry);
    expect(after).not.toHaveProperty('chat');
    expect(after).not.toHaveProperty('grafana');
    expect(after.demo).toMatchObject({ ip: '100.76.150.222', public: true });
  });
});
