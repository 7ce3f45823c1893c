import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPullRig, type NodeState, type PullRig } from './pull-rig.ts';
import { hasStarted, until } from './rig.ts';
import { bootMachine, systemdAvailable, type SystemdMachine } from './systemd/machine.ts';

const possible = systemdAvailable();
const reason = possible.available ? '' : ` [skipped: ${possible.reason}]`;
const [service, timer] = ['sync-controller-pull.service', 'sync-controller-pull.timer'];

describe.skipIf(!possible.available)(
  `a node that fetches, under a real systemd${reason}`,
  { timeout: 180_000 },
  () => {
    let rig: PullRig;
    let machine: SystemdMachine;
    const state = async (): Promise<NodeState | undefined> => {
      const { stdout } = await rig.syncctl(['status', '-o', 'json']);
      const { nodes } = JSON.parse(stdout) as { nodes: (NodeState & { readonly name: string })[] };
      return nodes.find(({ name }) => name === 'home-server');
    };
    const hosts = (): string => readFileSync(join(machine.rootDir, 'etc/hosts'), 'utf8');
    beforeAll(async () => {
      rig = await startPullRig({ nodes: [{ type: 'worker_nodes' }], pull: ['hangMs: 2000'] });
      machine = await bootMachine();
      const daemon = rig.daemon();
      await hasStarted(daemon);
    }, 180_000);
    afterAll(async () => {
      await machine.stop();
      await rig.stop();
    });

    it('is set up by one line, units and all, and systemd has no remark on them', async () => {
      const words = ['node', 'add', '192.168.1.20', '--type', 'laptop', '--name', 'home-server', '--pull'];
      const { stdout } = await rig.syncctl(words);
      const line = stdout.trim().replace(/sudo bash$/u, 'bash');
      const joined = await machine.run('bash', '-c', line);
      expect([joined.code, joined.stderr]).toEqual([
        0,
        expect.stringContaining('fetches its configuration from'),
      ]);
      const verified = await machine.run('systemd-analyze', 'verify', '--man=no', service, timer);
      expect([verified.code, verified.stdout + verified.stderr]).toEqual([0, '']);
      await until('it is active', async () => (await state())?.state === 'active');
      expect(hosts()).toContain('demo.testcloud.local');
      expect((await machine.run('systemctl', 'is-enabled', timer)).stdout.trim()).toBe('enabled');
      expect((await machine.run('systemctl', 'is-active', service)).stdout.trim()).toBe('active');
    });

    it('is started again by its timer, whatever has ended it', async () => {
      await machine.run('systemctl', 'kill', '--signal=KILL', service);
      await until(
        'it is gone',
        async () => (await machine.run('systemctl', 'is-active', service)).code !== 0,
      );
      rig.edit('service-registry', 'services.json', (services: object) => ({
        ...services,
        again: { subdomain: 'again', ip: '100.76.150.77', port: 80 },
      }));
      await until('it has what it missed', () => hosts().includes('again.testcloud.local'), 120_000);
      expect((await machine.run('systemctl', 'is-active', service)).stdout.trim()).toBe('active');
    });

    it('ends within moments when it is told to, and lets nothing half done', async () => {
      const stopped = await machine.run('systemctl', 'stop', timer, service);
      expect(stopped.code).toBe(0);
      const { stdout } = await machine.run('systemctl', 'show', '--value', '--property', 'Result', service);
      expect(stdout.trim()).toBe('success');
    });
  },
);
