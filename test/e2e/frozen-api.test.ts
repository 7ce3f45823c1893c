import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import { connectKube, type KubeApi } from '../servers/kube-api.ts';
import { kubeAvailable, startKube, type KubeServer } from '../servers/kube.ts';
import { suiteTitle } from '../servers/origins.ts';
import { fileOn, initialObjects, startRig, until, type Daemon, type Rig } from './rig.ts';

const kubeReady = kubeAvailable();
const ready =
  kubeReady.available &&
  fleetAvailable('namespaces').available &&
  process.env['SYNC_TEST_KUBECONFIG'] === undefined;
const nodes = [
  { type: 'worker_nodes', name: 'wa' },
  { type: 'worker_nodes', name: 'wb' },
] as const;

describe.skipIf(!ready)(suiteTitle('an API server that answers nothing', kubeReady), () => {
  let kube: KubeServer;
  let api: KubeApi;
  let rig: Rig;
  let daemon: Daemon;
  let maps: string;
  const hosts = (index: number): string => fileOn(rig.node(index), 'etc/hosts');
  const add = async (name: string): Promise<void> => {
    const services = JSON.parse(
      (await api.call('GET', `${maps}/service-registry`)).body.data['services.json'] as string,
    ) as object;
    const text = JSON.stringify({ ...services, [name]: { subdomain: name, ip: '100.76.150.77', port: 80 } });
    await api.call('PATCH', `${maps}/service-registry`, {
      patch: 'merge',
      body: { data: { 'services.json': text } },
    });
  };
  const everywhere = async (name: string): Promise<void> => {
    for (const index of [0, 1])
      await until(`${name} is on node ${String(index)}`, () =>
        hosts(index).includes(`${name}.testcloud.local`),
      );
  };
  const status = async (): Promise<{
    standing: string;
    standingReason: string;
    term: { epoch: number; writer: string };
    source: { state: string };
  }> => JSON.parse((await rig.syncctl(['status', '-o', 'json'])).stdout) as never;

  beforeAll(async () => {
    kube = await startKube();
    api = await connectKube(kube.kubeconfig);
    const namespace = await api.namespace('frozen');
    maps = `/api/v1/namespaces/${namespace}/configmaps`;
    rig = await startRig({
      nodes,
      source: `  kind: kubernetes\n  kubeconfig: ${kube.kubeconfig}\n  namespace: ${namespace}`,
      settings: 'status:\n  flushMs: 500\nwatch:\n  pollMs: 1000\n  requestMs: 1000\n',
    });
    for (const [name, data] of Object.entries(initialObjects(rig.fleet, { nodes })))
      await api.call('POST', maps, { body: { metadata: { name }, data } });
    daemon = rig.daemon();
    await everywhere('demo');
    await until(
      'both are verified',
      async () =>
        (await rig.syncctl(['health', '-o', 'json'])).stdout.match(/"state": "active"/gu)?.length === 2,
    );
  });
  afterAll(async () => {
    kube.thaw();
    await rig.stop();
    await kube.stop();
  });

  it('a daemon that starts meanwhile asserts what was last good again, under its own last term', async () => {
    const before = await status();
    await daemon.stop();
    kube.freeze();
    await rig.node(0).run(`sed -i 's/100.76.150.207/6.6.6.6/' /etc/hosts`);
    daemon = rig.daemon();
    await until(
      'the drift is repaired',
      () => hosts(0).includes('100.76.150.207') && !hosts(0).includes('6.6.6.6'),
    );
    const now = await status();
    expect(now).toMatchObject({ standing: 'reasserting', term: before.term, source: { state: 'last-good' } });
    expect(daemon.said()).toMatch(/\[⚠\].*re-asserting last-good under the own last term/u);
  });

  it('goes on with a term of its own when the API server answers again, and takes up edits', async () => {
    const { term } = await status();
    kube.thaw();
    await add('thawed');
    await everywhere('thawed');
    const now = await status();
    expect(now).toMatchObject({ standing: 'writing', source: { state: 'fresh' } });
    expect(now.term.epoch).toBeGreaterThan(term.epoch);
  });

  it('does not hold up a stop, even while a node hangs as well', async () => {
    await daemon.stop();
    // The default deadline of a request is as long as the whole stop may take.
    writeFileSync(
      rig.settings,
      readFileSync(rig.settings, 'utf8')
        .replace('  requestMs: 1000\n', '')
        .replace('daemon:\n', 'daemon:\n  stopMs: 8000\n'),
    );
    daemon = rig.daemon();
    await until(
      'both are verified',
      async () =>
        (await rig.syncctl(['health', '-o', 'json'])).stdout.match(/"verified": true/gu)?.length === 2,
    );
    await rig.node(0).freeze();
    await add('last');
    await until('the other node has it', () => hosts(1).includes('last.testcloud.local'));
    kube.freeze();
    const code = await Promise.race([
      daemon.stop(),
      delay(10_000, 'still running after 10 s', { ref: false }),
    ]);
    expect(code).toBe(0);
    kube.thaw();
    await rig.node(0).thaw();
    daemon = rig.daemon();
    await everywhere('last');
  });
});
