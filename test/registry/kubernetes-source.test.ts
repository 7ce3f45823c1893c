import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { registryObjects, type RegistryObject } from '../../src/model/snapshot.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { parseRegistries } from '../../src/registry/parse.ts';
import { Registry } from '../../src/registry/registry.ts';
import type { Source } from '../../src/registry/source.ts';
import { kubeAvailable, startKube, type KubeServer } from '../servers/kube.ts';
import { suiteTitle } from '../servers/origins.ts';
import { KubernetesBench } from './kubernetes-bench.ts';
import { describeRemoval } from './removal.contract.ts';
import { describeSource } from './source.contract.ts';
import { describeTermStore, type TermBench } from './term-store.contract.ts';

const availability = kubeAvailable();

describe.skipIf(!availability.available)(suiteTitle('a real API server', availability), () => {
  let server: KubeServer;
  beforeAll(async () => {
    server = await startKube();
  });
  afterAll(() => server.stop());

  describeSource('kubernetes', () => KubernetesBench.make(server));
  describeRemoval('kubernetes', () => KubernetesBench.make(server));
  describeTermStore('kubernetes', { epochInState: false }, () => termBench(server));

  describe('with the source', () => {
    let bench: KubernetesBench;
    let source: Source;
    let over: AbortController;
    beforeEach(async () => {
      bench = await KubernetesBench.make(server);
      source = await bench.open();
      over = new AbortController();
    });
    afterEach(async () => {
      over.abort();
      await source.close();
      await bench.close();
    });

    const watched = async (): Promise<RegistryObject[]> => {
      const hints: RegistryObject[] = [];
      void source.watch((object) => hints.push(object), over.signal);
      await vi.waitFor(() => expect(new Set(hints).size).toBe(registryObjects.length), { timeout: 20_000 });
      hints.length = 0;
      return hints;
    };

    test('restarted during a watch loses no change, wherever in the restart it was made', async () => {
      for (const object of registryObjects) await bench.put(object, { key: 'first' });
      const state = await mkdtemp(join(tmpdir(), 'state-'));
      const registry = new Registry({
        source,
        parse: parseRegistries,
        stateDirectory: state,
        clock: systemClock,
        retryMs: 100,
      });
      await bench.put('cluster-info', { 'cluster-domain': 'd0' });
      await registry.start(over.signal);
      const domain = (): string | undefined => registry.current().snapshot?.clusterInfo.domain;
      for (let round = 1; round <= 3; round++) {
        const put = bench
          .put('cluster-info', { 'cluster-domain': `d${round}-before` })
          .catch(() => undefined);
        await server.kill9();
        await put;
        await server.restart();
        await bench.put('cluster-info', { 'cluster-domain': `d${round}` });
        await vi.waitFor(() => expect(domain()).toBe(`d${round}`), { timeout: 30_000, interval: 20 });
      }
      over.abort();
      await registry.stopped();
      await rm(state, { recursive: true });
    });

    test('frozen and thawed goes on, and what changed is told', async () => {
      await bench.put('cluster-info', { key: 'first' });
      const hints = await watched();
      server.freeze();
      await expect(source.read(AbortSignal.timeout(30_000))).resolves.toMatchObject({ kind: 'unreadable' });
      server.thaw();
      await bench.put('cluster-info', { key: 'second' });
      await vi.waitFor(() => expect(hints).toContain('cluster-info'), { timeout: 20_000 });
    });

    test.runIf(availability.available)(
      'whose history was compacted away under a watch is listed anew',
      async () => {
        await bench.put('cluster-info', { key: 'first' });
        const hints = await watched();
        const { etcdUrl } = server;
        if (etcdUrl === undefined) return;
        await bench.put('cluster-info', { key: 'second' });
        await vi.waitFor(() => expect(hints).toContain('cluster-info'), { timeout: 20_000 });
        const version = (await bench.kube.call('GET', bench.path('cluster-info'))).body.metadata
          .resourceVersion as string;
        await fetch(`${etcdUrl}/v3/kv/compaction`, {
          method: 'POST',
          body: JSON.stringify({ revision: version }),
        });
        hints.length = 0;
        await server.restart();
        await bench.put('cluster-info', { key: 'third' });
        await vi.waitFor(() => expect(hints).toContain('cluster-info'), { timeout: 30_000 });
      },
    );

    test("an admin's edit opened before a write of ours is refused by the server, and one of ours after theirs keeps their bytes", async () => {
      await bench.put('sync-controller-registry', { 'registry.json': '{"vps_nodes":[]}', note: 'old' });
      const opened = (await bench.kube.call('GET', bench.path('sync-controller-registry'))).body;
      await source.edit('sync-controller-registry', 'registry.json', () => '{"vps_nodes":[1]}');
      const save = { body: { ...opened, data: { ...opened.data, note: 'theirs' } } };
      expect((await bench.kube.call('PUT', bench.path('sync-controller-registry'), save)).status).toBe(409);
      await bench.kube.call('PATCH', bench.path('sync-controller-registry'), {
        patch: 'merge',
        body: { data: { note: ' theirs\t' } },
      });
      await source.edit('sync-controller-registry', 'registry.json', (text) => `${text} `);
      expect(await bench.data('sync-controller-registry')).toEqual({
        'registry.json': '{"vps_nodes":[1]} ',
        note: ' theirs\t',
      });
    });

    test('fields that other tools own stay theirs after an edit', async () => {
      const apply = {
        patch: 'apply',
        body: {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: 'service-registry', labels: { team: 'x' } },
          data: { 'services.json': '{}', mine: '1' },
        },
      } as const;
      expect(
        (await bench.kube.call('PATCH', `${bench.path('service-registry')}?fieldManager=admin`, apply))
          .status,
      ).toBe(201);
      await source.edit('service-registry', 'services.json', () => '{"a":1}');
      const after = (await bench.kube.call('GET', bench.path('service-registry'))).body;
      expect(after.metadata.labels).toEqual({ team: 'x' });
      expect(after.data).toEqual({ 'services.json': '{"a":1}', mine: '1' });
    });

    test('a hundred reads over TLS keep to the pool', async () => {
      for (let n = 0; n < 100; n++) await source.read(AbortSignal.timeout(20_000));
      const sockets = process.getActiveResourcesInfo().filter((kind) => /TCPSocket|TLS/u.test(kind));
      expect(sockets.length).toBeLessThan(40);
    });

    test('works with the least rights: named objects, and creating ConfigMaps', async () => {
      const rules = [
        {
          apiGroups: [''],
          resources: ['configmaps'],
          resourceNames: [...registryObjects, 'sync-controller-term'],
          verbs: ['get', 'list', 'watch', 'patch', 'update'],
        },
        { apiGroups: [''], resources: ['configmaps'], verbs: ['create'] },
      ];
      const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${bench.namespace}`;
      const token = await bench.kube.token(bench.namespace, 'controller');
      await bench.kube.call('POST', `${rbac}/roles`, { body: { metadata: { name: 'controller' }, rules } });
      const subjects = [{ kind: 'ServiceAccount', name: 'controller', namespace: bench.namespace }];
      const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'controller' };
      await bench.kube.call('POST', `${rbac}/rolebindings`, {
        body: { metadata: { name: 'controller' }, subjects, roleRef },
      });
      const kubeconfig = await tokenKubeconfig(server, token);
      const limited = await bench.open({ kubeconfig });
      const hints: RegistryObject[] = [];
      try {
        await vi.waitFor(
          async () => expect(await limited.read(AbortSignal.timeout(20_000))).toMatchObject({ kind: 'read' }),
          { timeout: 20_000 },
        );
        void limited.watch((object) => hints.push(object), over.signal);
        await vi.waitFor(() => expect(new Set(hints).size).toBe(4), { timeout: 20_000 });
        hints.length = 0;
        await limited.edit('cluster-info', 'cluster-name', () => 'x');
        await vi.waitFor(() => expect(hints).toContain('cluster-info'), { timeout: 20_000 });
        expect(
          await limited.own.swap('sync-controller-term', { cluster_id: 'sc-00000000' }, undefined),
        ).toBeDefined();
        await expect(limited.loadBalancers(AbortSignal.timeout(20_000))).rejects.toMatchObject({
          exit: 'permission',
          message: expect.stringContaining('services'),
        });
      } finally {
        over.abort();
        await limited.close();
      }
    });

    test('an object above the limit of the server is refused with a reason', async () => {
      await bench.put('service-registry', { 'services.json': '{}' });
      const edit = source.edit('service-registry', 'services.json', () => 'x'.repeat(1_100_000));
      await expect(edit).rejects.toMatchObject({
        exit: 'data',
        message: expect.stringMatching(/Too long|must have at most/u),
      });
      expect(await bench.data('service-registry')).toEqual({ 'services.json': '{}' });
    });
  });
});

async function termBench(server: KubeServer): Promise<TermBench> {
  const bench = await KubernetesBench.make(server);
  const state = await mkdtemp(join(tmpdir(), 'terms-'));
  const term = bench.path('sync-controller-term');
  return {
    state,
    open: () => bench.open(),
    loseId: async () => {
      await bench.kube.call('DELETE', term);
    },
    spoilId: async (text) => {
      await bench.kube.call('PATCH', term, { patch: 'merge', body: { data: { cluster_id: text } } });
    },
    close: async () => {
      await rm(state, { recursive: true, force: true });
      await bench.close();
    },
  };
}

/** A kubeconfig of one account with a token, for the same server. */
async function tokenKubeconfig(server: KubeServer, token: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
  await writeFile(join(folder, 'token'), `${token}\n`);
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  config.loadFromFile(server.kubeconfig);
  const given = config.getCurrentCluster();
  const cluster = {
    server: server.url,
    'certificate-authority-data': given?.caData,
    'certificate-authority': given?.caFile,
  };
  const text = JSON.stringify({
    clusters: [{ name: 'c', cluster }],
    users: [{ name: 'u', user: { tokenFile: 'token' } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  });
  await writeFile(join(folder, 'config'), text);
  return join(folder, 'config');
}
