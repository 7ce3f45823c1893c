import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import { connectKube, type KubeApi } from '../servers/kube-api.ts';
import { kubeAvailable, startKube, type KubeServer } from '../servers/kube.ts';
import { suiteTitle } from '../servers/origins.ts';
import { fileOn, hasStarted, initialObjects, startRig, until, type Daemon, type Rig } from './rig.ts';

const kubeReady = kubeAvailable();
const ready = kubeReady.available && fleetAvailable('namespaces').available;
type Json = Record<string, never>;

describe.skipIf(!ready)(suiteTitle('the registries on a real API server', kubeReady), () => {
  let kube: KubeServer;
  let api: KubeApi;
  let rig: Rig;
  let daemon: Daemon;
  let namespace: string;

  const objectPath = (name: string): string => `/api/v1/namespaces/${namespace}/configmaps/${name}`;
  const value = async (name: string, key: string): Promise<string> =>
    (await api.call('GET', objectPath(name))).body.data[key] as string;
  /** What `kubectl edit` does on saving: a patch of the one value. */
  const save = async (name: string, key: string, text: string): Promise<void> => {
    const answer = await api.call('PATCH', objectPath(name), {
      patch: 'merge',
      body: { data: { [key]: text } },
    });
    expect(answer.status).toBe(200);
  };
  const edit = async (name: string, key: string, change: (value: never) => unknown): Promise<void> => {
    await save(name, key, JSON.stringify(change(JSON.parse(await value(name, key)) as never), null, 2));
  };
  const hosts = (index: number): string => fileOn(rig.node(index), 'etc/hosts');
  const everywhere = async (text: string): Promise<void> => {
    for (const index of [0, 1, 2])
      await until(`${text} is on node ${String(index)}`, () => hosts(index).includes(text));
  };

  beforeAll(async () => {
    kube = await startKube();
    api = await connectKube(kube.kubeconfig);
    namespace = await api.namespace('e2e');
    rig = await startRig({
      nodes: [
        { type: 'management_laptops', name: 'laptop' },
        { type: 'worker_nodes', name: 'wa' },
        { type: 'worker_nodes', name: 'wb' },
      ],
      source: `  kind: kubernetes\n  kubeconfig: ${kube.kubeconfig}\n  namespace: ${namespace}`,
      settings: 'status:\n  flushMs: 1000\nwatch:\n  pollMs: 2000\n',
    });
    for (const [name, data] of Object.entries(
      initialObjects(rig.fleet, {
        nodes: [{ type: 'management_laptops' }, { type: 'worker_nodes' }, { type: 'worker_nodes' }],
      }),
    )) {
      const made = await api.call('POST', `/api/v1/namespaces/${namespace}/configmaps`, {
        body: { metadata: { name }, data },
      });
      expect(made.status).toBe(201);
    }
    daemon = rig.daemon();
    await hasStarted(daemon);
  });
  afterAll(async () => {
    await rig.stop();
    await kube.stop();
  });

  it('start-up pushes, and statuses come back into the rows', async () => {
    await everywhere('demo.testcloud.local');
    await until('the rows say active', async () => {
      const rows = JSON.parse(await value('sync-controller-registry', 'registry.json')) as {
        worker_nodes: { status: string; last_sync: string }[];
      };
      return rows.worker_nodes.every((row) => row.status === 'active' && row.last_sync.endsWith('Z'));
    });
  });

  it('B8: an edit of any of the four objects reaches all nodes', async () => {
    await edit('service-registry', 'services.json', (services: Json) => ({
      ...services,
      fresh: { subdomain: 'fresh', ip: '100.76.150.99', port: 80 },
    }));
    await everywhere('fresh.testcloud.local');
    await edit('sync-controller-registry', 'registry.json', (registry: Json) => ({
      ...registry,
      note: 'foreign',
    }));
    // The cluster domain moves every name: that is withheld, and loudly.
    await save('cluster-info', 'cluster-domain', 'othercloud');
    await until('the change of the cluster domain is withheld', async () =>
      (await rig.syncctl(['status', '-o', 'json'])).stdout.includes('"hash"'),
    );
    expect(hosts(1)).toContain('fresh.testcloud.local');
    await save('cluster-info', 'cluster-domain', 'testcloud');
    await until(
      'nothing is withheld any more',
      async () => !(await rig.syncctl(['status', '-o', 'json'])).stdout.includes('"hash"'),
    );
  });

  it('a broken edit reaches no node and says why', async () => {
    const good = await value('service-registry', 'services.json');
    await save('service-registry', 'services.json', good.slice(0, -10));
    await until('validate names the object', async () =>
      (await rig.syncctl(['validate'])).stdout.includes('service-registry/services.json'),
    );
    for (const index of [0, 1, 2]) expect(hosts(index)).toContain('fresh.testcloud.local');
    await save('service-registry', 'services.json', good);
  });

  it('B13: a deleted object and an unreachable API server change nothing', async () => {
    const whole = (await api.call('GET', objectPath('service-registry'))).body.data as object;
    await api.call('DELETE', objectPath('service-registry'));
    await until('the missing object is reported', async () =>
      (await rig.syncctl(['validate'])).stdout.includes('service-registry'),
    );
    expect(hosts(0)).toContain('fresh.testcloud.local');
    await api.call('POST', `/api/v1/namespaces/${namespace}/configmaps`, {
      body: { metadata: { name: 'service-registry' }, data: whole },
    });
  });

  it('a restart of the API server during a watch loses no change', async () => {
    await kube.kill9();
    await kube.restart();
    await edit('service-registry', 'services.json', (services: Json) => ({
      ...services,
      back: { subdomain: 'back', ip: '100.76.150.98', port: 80 },
    }));
    await everywhere('back.testcloud.local');
  });

  it("an admin's save from an editor opened before wins byte for byte; our four fields return; a row it lost is an orphan", async () => {
    const opened = await value('sync-controller-registry', 'registry.json');
    const stale = JSON.parse(opened) as { worker_nodes: { name: string; status: string }[] };
    const saved = JSON.stringify(
      {
        ...stale,
        remark: 'mine',
        worker_nodes: stale.worker_nodes
          .filter((row) => row.name !== 'wb')
          .map((row) => ({ ...row, status: 'pending_sync' })),
      },
      null,
      4,
    );
    await save('sync-controller-registry', 'registry.json', saved);
    await until('our fields are back', async () =>
      (await value('sync-controller-registry', 'registry.json')).includes('"status": "active"'),
    );
    const now = await value('sync-controller-registry', 'registry.json');
    const without = (text: string): string =>
      text.replaceAll(/"(?:status|last_sync|last_attempt|last_error)": (?:"[^"]*"|null)/gu, '');
    expect(without(now)).toBe(without(saved));
    await until('the lost row is an orphan', async () => {
      const { orphans } = JSON.parse((await rig.syncctl(['status', '-o', 'json'])).stdout) as {
        orphans: string[];
      };
      return orphans.length === 1;
    });
    expect(hosts(2)).toContain('demo.testcloud.local');
  });

  it('B7: a node registered during a pass, and an edit beside it, are not lost by our status writes', async () => {
    await edit('sync-controller-registry', 'registry.json', (registry: { management_laptops: object[] }) => ({
      ...registry,
      management_laptops: [
        ...registry.management_laptops,
        { ip: '10.213.255.250', name: 'newcomer', ssh_user: 'node', extra: 1.5 },
      ],
    }));
    await rig.syncctl(['push', 'laptop', 'wa']);
    await until('the rows are written', async () =>
      (await value('sync-controller-registry', 'registry.json')).includes('newcomer'),
    );
    expect(await value('sync-controller-registry', 'registry.json')).toContain('"remark": "mine"');
  });
});
