import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import { connectKube, type KubeApi } from '../servers/kube-api.ts';
import { kubeAvailable, startKube, type KubeServer } from '../servers/kube.ts';
import { suiteTitle } from '../servers/origins.ts';
import { fileOn, initialObjects, startRig, until, type Daemon, type Rig } from './rig.ts';

const available = fleetAvailable('namespaces').available;
const routesFile = 'home/node/traefik/config/mynodeone-routes.yml';

interface Revision {
  readonly number: number;
  readonly who: string | null;
  readonly why: string | null;
  readonly summary: string;
  readonly nodes: number;
  readonly current: number;
}

/** A command that must end well, and its words. */
function wellOn(rig: () => Rig) {
  const run = async (...words: readonly string[]): Promise<{ stdout: string; stderr: string }> => {
    const ran = await rig().syncctl(words);
    expect([words.join(' '), ran.code, ran.stderr]).toEqual([words.join(' '), 0, expect.any(String)]);
    return ran;
  };
  const revisions = async (): Promise<readonly Revision[]> =>
    (JSON.parse((await run('history', '-o', 'json')).stdout) as { revisions: Revision[] }).revisions;
  return { run, revisions };
}

describe.skipIf(!available)('a bad Friday on real nodes', () => {
  let rig: Rig;
  let daemon: Daemon;
  const { run, revisions } = wellOn(() => rig);
  beforeAll(async () => {
    rig = await startRig({
      nodes: [
        { type: 'vps_nodes', name: 'vps' },
        { type: 'management_laptops', name: 'laptop' },
        { type: 'worker_nodes', name: 'worker' },
      ],
    });
    await rig.node(0).run('install -d -o node -g node /home/node/traefik /home/node/traefik/config');
    daemon = rig.daemon();
    await until(
      'every node has the first plan',
      () => routes().includes('demo') && hosts(1).includes('demo') && hosts(2).includes('demo'),
    );
  });
  afterAll(async () => {
    await rig.stop();
  });

  const routes = (): string => fileOn(rig.node(0), routesFile);
  const hosts = (index: number): string => fileOn(rig.node(index), 'etc/hosts');
  const everything = (): readonly string[] => [routes(), hosts(1), hosts(2)];
  const registry = (): string => readFileSync(join(rig.registry, 'service-registry.json'), 'utf8');
  const filed = (what: string, check: (newest: Revision) => boolean): Promise<void> =>
    until(what, async () => {
      // A daemon that is just starting may not be asked yet.
      const { code, stdout } = await rig.syncctl(['history', '--limit', '1', '-o', 'json']);
      const { revisions: all = [] } = code === 0 ? (JSON.parse(stdout) as { revisions?: Revision[] }) : {};
      return all[0] !== undefined && check(all[0]);
    });
  const reached = (summary: string): Promise<void> =>
    filed(`${summary} is on every node`, (one) => one.summary === summary && one.current === one.nodes);

  it('every edit is a revision, with who, why and how many nodes have it', async () => {
    await filed('the first revision reaches all', ({ nodes, current }) => nodes === 3 && current === 3);
    await run(
      'service',
      'register',
      'wiki',
      '--ip',
      '100.76.150.61',
      '--port',
      '8080',
      '--reason',
      'for the team',
    );
    await reached('+service wiki');
    await run('service', 'publish', 'wiki', '--yes', '--reason', 'for customers');
    await reached('~service wiki (public)');
    const all = await revisions();
    expect(all.map(({ number }) => number)).toEqual([3, 2, 1]);
    expect(all.map(({ why }) => why)).toEqual(['for customers', 'for the team', null]);
    expect(all[0]?.who).toMatch(/\S/u);
    const pushes = (await run('history', 'show', 'latest')).stdout;
    expect(pushes).toMatch(/vps +R3 +change +changed +\d+ ms: wait \d+, dial \d+, exchange \d+, verify \d+/u);
  });

  it('blame and why name the edit, from the nodes own bytes', async () => {
    const blamed = (await run('blame', 'laptop')).stdout;
    expect(blamed).toMatch(/^R2 +\S+ +\S+ +│ 100\.76\.150\.61\twiki\.testcloud\.local$/mu);
    expect(blamed).toMatch(/^\^R1 +\S+ +- +│ 100\.76\.150\.207\tdemo\.testcloud\.local$/mu);
    const lines = blamed.split('\n').map((line) => line.replace(/^[^│]*│ ?/u, ''));
    expect(hosts(1)).toContain(lines.join('\n'));
    const why = (await run('why', 'wiki')).stdout;
    for (const name of ['vps', 'laptop', 'worker']) expect(why).toMatch(new RegExp(`^${name} +live `, 'mu'));
  });

  it('a node that is away is why a service is not live there', async () => {
    await rig.node(2).stopSshd();
    await run('service', 'register', 'tea', '--ip', '100.76.150.62', '--port', '80');
    await until('the others have it', () => hosts(1).includes('tea'));
    await until('the worker is known to be away', async () =>
      /^worker +missing +\S+ +refused/mu.test((await rig.syncctl(['why', 'tea'])).stdout),
    );
    expect((await rig.syncctl(['why', 'tea'])).code).toBe(1);
    await rig.node(2).startSshd();
    await reached('+service tea');
    expect((await rig.syncctl(['why', 'tea'])).code).toBe(0);
  });

  it('rollback restores every byte, of the registry and on every node, and its undo takes it back', async () => {
    const good = [registry(), ...everything()];
    rig.edit('service-registry', 'services.json', (services: Record<string, object>) => ({
      ...services,
      demo: { ...services['demo'], ip: '203.0.113.66' },
      grafana: { ...services['grafana'], public: true },
    }));
    await reached('~service demo (ip), ~service grafana (public)');
    expect(everything().every((text) => text.includes('203.0.113.66'))).toBe(true);
    const bad = [registry(), ...everything()];
    const refused = await rig.syncctl(['rollback', 'previous', '--reason', 'shop is down']);
    expect([refused.code, refused.stderr]).toEqual([
      64,
      expect.stringContaining('3 nodes would get other bytes'),
    ]);
    const { stderr } = await run('rollback', 'previous', '--reason', 'shop is down', '--yes');
    await reached('~service demo (ip), ~service grafana (public)');
    await until('every byte is back', () => [registry(), ...everything()].join() === good.join());
    const [newest] = await revisions();
    expect(newest).toMatchObject({ number: 6, why: 'rollback to R4: shop is down' });
    expect((await run('diff', 'R4', 'latest')).stdout).toContain('no difference');
    const undo = /To undo: syncctl (rollback .*) --reason/u.exec(stderr)?.[1]?.split(' ') ?? [];
    await run(...undo, '--reason', 'just to see', '--yes');
    await until('the undo has undone it', () => [registry(), ...everything()].join() === bad.join());
    await run('rollback', 'R6', '--reason', 'enough', '--yes');
    await until('it is good again', () => [registry(), ...everything()].join() === good.join());
    await until('it is filed', async () => (await revisions())[0]?.why === 'rollback to R6: enough');
  });

  it('kill -9 in the middle of a burst loses no revision that came before, and the numbers go on', async () => {
    const before = await revisions();
    for (let n = 0; n < 12; n += 1) {
      rig.edit('service-registry', 'services.json', (services: object) => ({
        ...services,
        [`burst${String(n)}`]: {
          subdomain: `burst${String(n)}`,
          ip: '100.76.150.80',
          port: 80,
          public: false,
        },
      }));
      await until(`edit ${String(n)} is seen`, () => hosts(1).includes(`burst${String(n)}.`) || n % 3 !== 0);
    }
    await daemon.stop('SIGKILL');
    const kept = await revisions();
    const told = (all: readonly Revision[]) =>
      all.map(({ number, who, why, summary }) => [number, who, why, summary]);
    expect(told(kept.slice(-before.length))).toEqual(told(before));
    daemon = rig.daemon();
    await filed('the present is filed and everywhere', ({ nodes, current }) => nodes === 3 && current === 3);
    await until(
      'the burst is everywhere',
      () => hosts(1).includes('burst11.') && hosts(2).includes('burst11.'),
    );
    const after = await revisions();
    // A number is promised before its revision is written, and never given twice: the kill may have cost one of them.
    const numbers = after.map(({ number }) => number).reverse();
    const next = numbers.slice(kept.length)[0] ?? kept.length + 1;
    expect(numbers.slice(0, kept.length)).toEqual(kept.map((_, at) => at + 1));
    expect([kept.length + 1, kept.length + 2]).toContain(next);
    expect(numbers.slice(kept.length)).toEqual(numbers.slice(kept.length).map((_, at) => next + at));
    expect(after.length).toBeGreaterThanOrEqual(kept.length);
    const first = `R${String(before[0]?.number ?? 0)}`;
    expect((await run('diff', first, 'latest')).stdout.match(/^ {2}\+ .*\/burst\d+: /gmu)).toHaveLength(12);
  });

  it('a backup taken while the daemon works brings everything back', async () => {
    const file = join(rig.folder, 'backup.tar.gz');
    await run('backup', file);
    const all = await revisions();
    expect((await rig.syncctl(['restore', file, '--yes'])).code).toBe(75);
    await daemon.stop();
    await run('restore', file, '--yes');
    expect(await revisions()).toEqual(all);
    daemon = rig.daemon();
    // A command that needs a controller would take the lock before the daemon does.
    await until('the daemon works on what was restored', () => daemon.said().includes('started'));
    await run('service', 'register', 'late', '--ip', '100.76.150.63', '--port', '80');
    await reached('+service late');
  });

  it('a damaged history is moved aside and begun anew, said once, and nothing else stops', async () => {
    const last = (await revisions())[0]?.number ?? 0;
    await daemon.stop();
    const state = join(rig.folder, 'state');
    writeFileSync(join(state, 'history.db'), 'not a database at all, '.repeat(500));
    daemon = rig.daemon();
    await filed(
      'the present is filed anew, under a number that nothing had before',
      ({ number, summary }) => number > last && summary === 'the first one kept',
    );
    await run('service', 'unregister', 'tea', '--yes', '--reason', 'cold');
    await reached('-service tea');
    expect(hosts(2)).not.toContain('tea.');
    expect(daemon.said().match(/history\.db was damaged/gu)).toHaveLength(1);
    expect(readdirSync(state).filter((name) => /^history\.db\.damaged-\w+$/u.test(name))).toHaveLength(1);
  });
});

const kubeReady = kubeAvailable();

describe.skipIf(!kubeReady.available || !available)(
  suiteTitle('the history of registries on a real API server', kubeReady),
  () => {
    let kube: KubeServer;
    let api: KubeApi;
    let rig: Rig;
    let namespace: string;
    const { run, revisions } = wellOn(() => rig);
    const path = (name: string): string => `/api/v1/namespaces/${namespace}/configmaps/${name}`;
    const services = async (): Promise<string> =>
      (await api.call('GET', path('service-registry'))).body.data['services.json'] as string;

    beforeAll(async () => {
      kube = await startKube();
      api = await connectKube(kube.kubeconfig);
      namespace = await api.namespace('history');
      const nodes = [{ type: 'worker_nodes', name: 'worker' }] as const;
      const source = `  kind: kubernetes\n  kubeconfig: ${kube.kubeconfig}\n  namespace: ${namespace}`;
      rig = await startRig({ nodes, source, settings: 'status:\n  flushMs: 1000\n' });
      for (const [name, data] of Object.entries(initialObjects(rig.fleet, { nodes }))) {
        const body = { metadata: { name }, data: { ...data, 'their-key': 'theirs' } };
        expect((await api.call('POST', `/api/v1/namespaces/${namespace}/configmaps`, { body })).status).toBe(
          201,
        );
      }
      rig.daemon();
      await until('the node is reached', () => fileOn(rig.node(0), 'etc/hosts').includes('demo'));
    });
    afterAll(async () => {
      await rig.stop();
      await api.tidy();
      await kube.stop();
    });

    it('names the field manager of an edit by another tool, and the user of ours', async () => {
      const good = await services();
      const text = good.replace('100.76.150.207', '203.0.113.66');
      const manager = `${path('service-registry')}?fieldManager=kubectl-edit`;
      await api.call('PATCH', manager, { patch: 'merge', body: { data: { 'services.json': text } } });
      await until('the edit is filed', async () => (await revisions())[0]?.summary === '~service demo (ip)');
      expect((await revisions())[0]).toMatchObject({ who: 'kubectl-edit', why: null });
      await until('the node has it', () => fileOn(rig.node(0), 'etc/hosts').includes('203.0.113.66'));
      await run('rollback', 'previous', '--reason', 'wrong address', '--yes');
      expect(await services()).toBe(good);
      await until('the rollback is filed', async () => (await revisions()).length === 3);
      expect((await revisions())[0]).toMatchObject({ why: 'rollback to R1: wrong address' });
      expect((await revisions())[0]?.who).not.toMatch(/kubectl|sync-controller/u);
      expect((await api.call('GET', path('service-registry'))).body.data['their-key']).toBe('theirs');
      await until('the node is as it was', () => fileOn(rig.node(0), 'etc/hosts').includes('100.76.150.207'));
    });
  },
);
