import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetAvailable } from '../fleet/availability.ts';
import { kubeAvailable } from '../servers/kube.ts';
import { suiteTitle } from '../servers/origins.ts';
import { fileOn, until } from './rig.ts';
import { systemdAvailable } from './systemd/machine.ts';
import { checkout, legacyHosts, legacyRoutes, startTakeoverRig, type TakeoverRig } from './takeover-rig.ts';

const kubeReady = kubeAvailable();
const ready = kubeReady.available && fleetAvailable('namespaces').available && systemdAvailable().available;
const registries = ['service-registry', 'sync-controller-registry', 'domain-registry', 'cluster-info'];

describe.skipIf(!ready)(
  suiteTitle('a living cluster of the predecessor', kubeReady),
  { timeout: 300_000 },
  () => {
    let rig: TakeoverRig;
    let nodes: string;
    let plane: string;
    let objects: Awaited<ReturnType<TakeoverRig['objects']>>;

    beforeAll(async () => {
      rig = await startTakeoverRig();
      nodes = rig.nodeFiles();
      objects = await rig.objects();
    }, 300_000);
    afterAll(() => rig.stop());

    const hosts = (): string => fileOn(rig.fleet.node(0), 'etc/hosts');
    const routes = (): string => fileOn(rig.fleet.node(1), 'home/node/traefik/config/mynodeone-routes.yml');
    const state = async (unit: string): Promise<string> =>
      (await rig.machine.run('systemctl', 'is-active', unit)).stdout.trim();
    const oldLog = (): string => readFileSync(join(rig.machine.rootDir, 'var/log/old-scripts'), 'utf8');

    it('init --takeover sets up an observer and leaves the predecessor alone', async () => {
      const ran = await rig.syncctl('init', '--takeover', '--yes');
      expect(ran.stderr).toContain('observeOnly: true');
      expect(ran).toMatchObject({ code: 0 });
      expect(ran.stderr).toContain('Next: sudo syncctl adopt --dry-run');
      expect(await state('sync-controller')).toBe('active');
      expect(await state('mynodeone-sync-controller')).toBe('active');
      plane = rig.planeFiles();
    });

    it('the daemon observes: it looks at every node, says so loudly, and writes nothing anywhere', async () => {
      await until('both nodes were looked at', async () => {
        const { stdout } = await rig.syncctl('health', '-o', 'json');
        const health = JSON.parse(stdout) as { nodes: { cause: string }[] };
        return health.nodes.every(({ cause }) => cause === 'observing');
      });
      expect((await rig.syncctl('health')).stdout).toContain('end it with: syncctl adopt');
      await rig.machine.run('systemctl', 'restart', 'sync-controller');
      expect(rig.nodeFiles()).toBe(nodes);
      expect(await rig.objects()).toEqual(objects);
    });

    it('shows the plan of the whole adoption, with what is lost, and does nothing', async () => {
      const { stdout, code } = await rig.syncctl('adopt', '--dry-run');
      expect(code).toBe(0);
      for (const line of [
        '/etc/systemd/system/mynodeone-sync-controller.service: running, enabled',
        `${checkout}: 3 scripts will call syncctl, 1 will do nothing`,
        'LOST: gone.minicloud.local',
        'LOST: old.curiios.com',
        'added: demo.minicloud.local',
        'added: demo.curiios.com',
        'host key to pin: ssh-ed25519 SHA256:',
        'disarmed: /home/node/code/MyNodeOne/scripts/sync-dns.sh',
        'disarmed: /home/node/MyNodeOne/scripts/sync-vps-routes.sh',
        'foreign_writer: cloud-init rewrites /etc/hosts at every boot',
        'undo: sudo mv',
      ])
        expect(stdout).toContain(line);
      expect(rig.nodeFiles()).toBe(nodes);
      expect(rig.planeFiles()).toBe(plane);
      expect(await rig.objects()).toEqual(objects);
    });

    it('adopt stops the predecessor, takes its name, disarms the nodes, and proves it by a push', async () => {
      const ran = await rig.syncctl('adopt', '--yes');
      expect(ran.stderr).toContain('To undo all of it: sudo syncctl adopt --undo');
      expect(ran).toMatchObject({ code: 0 });
      expect(hosts()).toContain('100.76.150.207\tdemo.minicloud.local');
      expect(hosts()).not.toContain('MyNodeOne');
      expect(hosts()).toContain('10.0.0.7 nas nas.lan # mine');
      expect(routes()).toContain('Host(`demo.curiios.com`)');
      expect(fileOn(rig.fleet.node(0), 'home/node/code/MyNodeOne/scripts/sync-dns.sh')).toContain('Disarmed');
      const rows = (await rig.objects())['sync-controller-registry']?.data['registry.json'] ?? '';
      expect(rows).toContain('"host_keys"');
      expect(rows).toContain('"public_domain"');
      expect((await rig.syncctl('health')).stdout).toMatch(/vinay-laptop: active[\s\S]*contabo-vps: active/u);
    });

    it('documented systemctl, journalctl and script lines go on working', async () => {
      expect(await state('mynodeone-sync-controller')).toBe('active');
      const shown = await rig.machine.run('systemctl', 'show', '-p', 'Id', 'mynodeone-sync-controller');
      expect(shown.stdout).toContain('Id=sync-controller.service');
      await until('the journal knows the old names', async () => {
        await rig.machine.run('journalctl', '--sync');
        const unit = await rig.machine.run('journalctl', '-u', 'mynodeone-sync-controller', '-o', 'cat');
        const tag = await rig.machine.run('journalctl', '-t', 'mynodeone-sync', '-o', 'cat');
        return unit.stdout.includes('started') && tag.stdout.includes('started');
      });
      const before = oldLog();
      const health = await rig.machine.run(`${checkout}/scripts/lib/sync-controller.sh`, 'health');
      expect(health.stdout).toContain('contabo-vps: active');
      const listed = await rig.machine.run(`${checkout}/scripts/lib/service-registry.sh`, 'list');
      expect(listed.stdout).toContain('"demo"');
      const disarmed = await rig.machine.run(`${checkout}/scripts/sync-dns.sh`);
      expect(disarmed).toMatchObject({ code: 0 });
      expect(oldLog()).toBe(before);
      const other = await rig.machine.run(`${checkout}/scripts/bootstrap-control-plane.sh`);
      expect(other.code).toBe(0);
      expect(oldLog()).not.toBe(before);
    });

    it('a second run changes nothing', async () => {
      const [nodesNow, planeNow] = [rig.nodeFiles(), rig.planeFiles()];
      const again = await rig.syncctl('adopt', '--yes', '-o', 'json');
      expect(again).toMatchObject({ code: 0 });
      const { steps } = JSON.parse(again.stdout) as { steps: { result: string }[] };
      expect(new Set(steps.map(({ result }) => result))).toEqual(new Set(['was-so']));
      expect(rig.planeFiles()).toBe(planeNow);
      // The fence of a push that changes no byte moves on all the same.
      expect(nodesNow).not.toBe(nodes);
      expect(hosts()).toContain('demo.minicloud.local');
    });

    it('undo puts every byte back, and the predecessor runs again', async () => {
      const ran = await rig.syncctl('adopt', '--undo', '--yes');
      expect(ran).toMatchObject({ code: 0 });
      expect(hosts()).toBe(legacyHosts);
      expect(routes()).toBe(legacyRoutes);
      expect(rig.nodeFiles()).toBe(nodes);
      expect(rig.planeFiles()).toBe(plane);
      const after = await rig.objects();
      for (const name of registries) expect(after[name]?.data).toEqual(objects[name]?.data);
      expect(await state('mynodeone-sync-controller')).toBe('active');
      expect(
        (await rig.machine.run('systemctl', 'show', '-p', 'Id', 'mynodeone-sync-controller')).stdout,
      ).toContain('Id=mynodeone-sync-controller.service');
      expect((await rig.syncctl('status')).stdout).toContain('observing');
    });
  },
);
