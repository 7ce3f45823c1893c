import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadSettings } from '../../src/config/load.ts';
import { connectDaemon } from '../../src/contract/client.ts';
import type { ControllerStatus } from '../../src/contract/report.ts';
import { hasStarted, startRig, type Daemon, type NodeType, type Rig } from '../e2e/rig.ts';
import { diceOf, type Dice } from './dice.ts';

export type Services = Record<
  string,
  { readonly subdomain: string; readonly ip: string; readonly port: number }
>;

/** The daemon, its fleet and its registry, and what the registry should say. */
export interface World {
  readonly rig: Rig;
  readonly daemon: Daemon;
  readonly pid: number;
  readonly dice: Dice;
  readonly probe: string;
  /** What an admin has saved last. */
  services: Services;
  save(): void;
  status(): Promise<ControllerStatus>;
  stop(): Promise<number | null>;
}

const settings = `retry:
  delayMs: 500
  maxDelayMs: 4000
push:
  deadlineMs: 10000
history:
  maxRevisions: 200
`;

const ssh = `ssh:
  dialMs: 1500
  warmChannelMs: 700
  throttleMs: 500
  maxAgeMs: 45000
`;

/** Starts the fleet and the daemon, under limits that make an hour of bad days fit into minutes. */
export async function openWorld(how: {
  readonly nodes: number;
  readonly seed: number;
  readonly resident: boolean;
}): Promise<World> {
  const types: readonly NodeType[] = ['worker_nodes', 'management_laptops'];
  const nodes = Array.from({ length: how.nodes }, (_, index) => ({
    type: types[index % 2] ?? 'worker_nodes',
    name: `n${String(index).padStart(3, '0')}`,
  }));
  const rig = await startRig({ nodes, settings });
  const text = readFileSync(rig.settings, 'utf8');
  const resident = how.resident ? '  resident: true\n' : '';
  writeFileSync(rig.settings, text.replace('ssh:\n', `${ssh}${resident}`));
  const probe = join(rig.folder, 'probe.json');
  const daemon = startProbed(rig, probe);
  const { socket } = (await loadSettings({ file: rig.settings, env: {}, uid: 0 })).settings.daemon;
  await hasStarted(daemon, 240_000).catch(async (error: unknown) => {
    await rig.stop();
    throw new Error(daemon.said(), { cause: error });
  });
  const services = rig.read('service-registry', 'services.json') as Services;
  const world: World = {
    ...{ rig, daemon, pid: daemon.process.pid ?? 0, dice: diceOf(how.seed), probe, services },
    save: () => {
      rig.edit('service-registry', 'services.json', () => world.services);
    },
    status: async () => {
      const client = await connectDaemon(socket);
      if (client === undefined) throw new Error(`soak: no daemon answers\n${daemon.said().slice(-2_000)}`);
      try {
        return await client.status();
      } finally {
        await client.close();
      }
    },
    stop: async () => {
      const code = await daemon.stop();
      await rig.stop();
      return code;
    },
  };
  return world;
}

/** The daemon alone gets the probe: what it is started with is this process's environment of that moment. */
function startProbed(rig: Rig, probe: string): Daemon {
  const before = { ...process.env };
  process.env['SOAK_PROBE'] = probe;
  process.env['NODE_OPTIONS'] = `--import=${join(import.meta.dirname, 'probe.ts')}`;
  try {
    return rig.daemon();
  } finally {
    for (const name of ['SOAK_PROBE', 'NODE_OPTIONS']) {
      const value = before[name];
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
  }
}
