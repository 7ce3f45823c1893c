// The unit on a machine of its own that boots, and two real nodes; the registries are a folder on that machine.
import { copyFileSync, cpSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileOn, startRig, until, type Rig } from './rig.ts';
import { bootMachine, type SystemdMachine } from './systemd/machine.ts';

/** Where the unit reads the registries. */
export const registry = '/var/lib/sync-controller/registry';
export const settings = '/etc/sync-controller/config.yaml';
/** The settings that name it. */
export const source = `source:\n  kind: directory\n  directory: ${registry}\n`;

export interface UnitRig {
  readonly rig: Rig;
  readonly machine: SystemdMachine;
  systemctl(...words: readonly string[]): Promise<number | null>;
  /** What the unit wrote, selected by options of journalctl. */
  journal(...words: readonly string[]): Promise<string>;
  /** Waits until the unit is active. */
  active(): Promise<void>;
  mainPid(): Promise<string>;
  /** Adds a service, as an editor on the machine does. */
  add(service: string): void;
  everywhere(service: string): Promise<void>;
  stop(): Promise<void>;
}

export async function startUnitRig(): Promise<UnitRig> {
  const rig = await startRig({
    nodes: [
      { type: 'management_laptops', name: 'laptop' },
      { type: 'worker_nodes', name: 'worker' },
    ],
  });
  const machine = await bootMachine();
  mkdirSync(join(machine.rootDir, registry), { recursive: true });
  cpSync(rig.registry, join(machine.rootDir, registry), { recursive: true });
  machine.write('/root/.ssh/mynodeone_id_ed25519', readFileSync(rig.fleet.clientKey, 'utf8'));
  machine.write(settings, source);
  return {
    rig,
    machine,
    systemctl: async (...words) => (await machine.run('systemctl', ...words)).code,
    journal: async (...words) =>
      (await machine.run('journalctl', '--unit', 'sync-controller', '--output', 'cat', ...words)).stdout,
    active: () =>
      until('the unit is active', async () => (await machine.property('ActiveState')) === 'active'),
    mainPid: () => machine.property('MainPID'),
    add: (service) => {
      rig.edit('service-registry', 'services.json', (services: object) => ({
        ...services,
        [service]: { subdomain: service, ip: '100.76.150.77', port: 80 },
      }));
      copyFileSync(
        join(rig.registry, 'service-registry.json'),
        join(machine.rootDir, registry, 'service-registry.json'),
      );
    },
    everywhere: async (service) => {
      for (const index of [0, 1])
        await until(`${service} is on node ${String(index)}`, () =>
          fileOn(rig.node(index), 'etc/hosts').includes(`${service}.testcloud.local`),
        );
    },
    stop: async () => {
      await machine.stop();
      await rig.stop();
    },
  };
}
