import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectKube, type KubeApi } from '../servers/kube-api.ts';
import { kubeAvailable, startKube, type KubeServer } from '../servers/kube.ts';
import { suiteTitle } from '../servers/origins.ts';
import { fileOn, initialObjects, startRig, until, type Rig } from './rig.ts';
import { bootMachine, systemdAvailable, type SystemdMachine } from './systemd/machine.ts';

const kubeReady = kubeAvailable();
const ready = kubeReady.available && systemdAvailable().available;
const nodes = [
  { type: 'management_laptops', name: 'laptop' },
  { type: 'worker_nodes', name: 'worker' },
] as const;

describe.skipIf(!ready)(
  suiteTitle('the unit on a K3s control plane, without a line of settings', kubeReady),
  () => {
    let kube: KubeServer;
    let api: KubeApi;
    let rig: Rig;
    let machine: SystemdMachine;
    const objectPath = (name: string): string => `/api/v1/namespaces/kube-system/configmaps/${name}`;
    const everywhere = async (name: string): Promise<void> => {
      for (const index of [0, 1])
        await until(`${name} is on node ${String(index)}`, () =>
          fileOn(rig.node(index), 'etc/hosts').includes(`${name}.testcloud.local`),
        );
    };

    beforeAll(async () => {
      kube = await startKube();
      api = await connectKube(kube.kubeconfig);
      rig = await startRig({ nodes });
      for (const [name, data] of Object.entries(initialObjects(rig.fleet, { nodes }))) {
        const made = await api.call('POST', '/api/v1/namespaces/kube-system/configmaps', {
          body: { metadata: { name }, data },
        });
        expect(made.status).toBe(201);
      }
      machine = await bootMachine();
      machine.write('/etc/rancher/k3s/k3s.yaml', readFileSync(kube.kubeconfig, 'utf8'));
      machine.write('/root/.ssh/mynodeone_id_ed25519', readFileSync(rig.fleet.clientKey, 'utf8'));
    });
    afterAll(async () => {
      await machine.stop();
      await rig.stop();
      await kube.stop();
    });

    it('tries again until the API server has come up, then pushes to every node', async () => {
      await kube.kill9();
      machine.write(
        '/etc/systemd/system/sync-controller.service.d/test.conf',
        '[Service]\nRestartSec=1\n[Unit]\nStartLimitIntervalSec=0\n',
      );
      await machine.run('systemctl', 'daemon-reload');
      await machine.run('systemctl', 'start', '--no-block', 'sync-controller');
      await until('it has tried', async () => Number(await machine.property('NRestarts')) > 0);
      expect(
        (await machine.run('journalctl', '--unit', 'sync-controller', '--priority', 'err', '--output', 'cat'))
          .stdout,
      ).toContain('check that the API server runs');
      await kube.restart();
      await everywhere('demo');
      await until('the unit is active', async () => (await machine.property('ActiveState')) === 'active');
    });

    it('follows kubectl edit and writes statuses into the rows', async () => {
      const services = JSON.parse(
        (await api.call('GET', objectPath('service-registry'))).body.data['services.json'] as string,
      ) as object;
      const text = JSON.stringify({
        ...services,
        fresh: { subdomain: 'fresh', ip: '100.76.150.99', port: 80 },
      });
      await api.call('PATCH', objectPath('service-registry'), {
        patch: 'merge',
        body: { data: { 'services.json': text } },
      });
      await everywhere('fresh');
      // The bytes are there before their receipt is back.
      await until('both are verified', async () => (await machine.run('syncctl', 'health')).code === 0);
      // A graceful stop writes at once what is due only later.
      await machine.run('systemctl', 'stop', 'sync-controller');
      const rows = JSON.parse(
        (await api.call('GET', objectPath('sync-controller-registry'))).body.data['registry.json'] as string,
      ) as Record<string, { status: string }[]>;
      expect([rows['management_laptops'], rows['worker_nodes']].map((type) => type?.[0]?.status)).toEqual([
        'active',
        'active',
      ]);
    });

    it('the command line beside it needs no option either, with the daemon or without', async () => {
      const health = await machine.run('syncctl', 'health');
      expect(health.stdout).toContain('• worker: active');
      expect(health.code).toBe(0);
    });
  },
);
