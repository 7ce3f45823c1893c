import { join } from 'node:path';
import { SocketClient } from '../../../src/contract/client.ts';
import type { ControllerStatus } from '../../../src/contract/report.ts';
import { hasStarted, startRig, until, type Daemon, type Ran, type Rig } from '../../e2e/rig.ts';
import { edit, moveRow } from '../faults-rig.ts';
import { startProxy, type Proxy } from '../proxy.ts';
import { managed } from './fleet-records.ts';

/** Two controllers with state directories of their own over one registry folder: a daemon, and whoever takes over by commands. */
export interface MastersRig {
  readonly rig: Rig;
  readonly daemon: Daemon;
  /** In front of the first node: the wire of one connection can be held. */
  readonly proxy: Proxy;
  readonly indexes: readonly number[];
  /** Adds a service; answers the name that nodes will have. */
  edit(): string;
  has(index: number, name: string): boolean;
  /** The daemon, over its socket. */
  client(): SocketClient;
  status(): Promise<ControllerStatus>;
  /** A command of the other controller. */
  other(...words: readonly string[]): Promise<Ran>;
  stop(): Promise<void>;
}

const settings = `retry:
  delayMs: 200
  maxDelayMs: 1000
`;

export async function startMastersRig(): Promise<MastersRig> {
  const names = ['wa', 'wb', 'wc', 'wd'];
  const rig = await startRig({
    nodes: names.map((name) => ({ type: 'worker_nodes' as const, name })),
    settings,
  });
  const host = rig.fleet.controllerAddress;
  const proxy = await startProxy({ host, to: { host: rig.node(0).address, port: 22 } });
  moveRow(rig, 'wa', { ip: proxy.host, port: proxy.port });
  const daemon = rig.daemon();
  const env = {
    SYNC_CONTROLLER_DAEMON_STATE_DIRECTORY: join(rig.folder, 'other-state'),
    SYNC_CONTROLLER_DAEMON_RUNTIME_DIRECTORY: join(rig.folder, 'other-run'),
  };
  const client = (): SocketClient =>
    new SocketClient(join(rig.folder, 'run/syncctl.sock'), { connectMs: 2_000, answerMs: 30_000 });
  const world: MastersRig = {
    rig,
    daemon,
    proxy,
    indexes: [0, 1, 2, 3],
    edit: () => edit(rig),
    has: (index, name) => managed(rig, index).includes(name),
    client,
    status: () => client().status(),
    other: (...words) => rig.syncctl(words, { env }),
    stop: async () => {
      await rig.stop();
      await proxy.stop();
    },
  };
  await hasStarted(daemon);
  await inStep(world);
  return world;
}

/** Waits until the daemon leads and says that every node is in step, and until every name of the registry is there. */
async function inStep(world: MastersRig): Promise<void> {
  const names = Object.keys(world.rig.read('service-registry', 'services.json') as object);
  let seen: ControllerStatus | undefined;
  await until('everything is in step', async () => {
    if (!world.indexes.every((index) => names.every((name) => world.has(index, `${name}.testcloud`))))
      return false;
    seen = await world.status();
    return seen.standing === 'writing' && seen.nodes.every(({ state, hint }) => state === 'active' && !hint);
  }).catch((error: unknown) => {
    const nodes = seen?.nodes.map((node) => `${node.name} ${node.state} ${String(node.cause)}`);
    throw new Error(`${String(error)}: ${JSON.stringify(nodes)}\n${world.daemon.said().slice(-3_000)}`);
  });
}

/** Whatever the trial before has left: the daemon runs, its wire is whole, it leads, and every node is in step. */
export async function recover(world: MastersRig): Promise<void> {
  world.daemon.process.kill('SIGCONT');
  world.proxy.heal();
  for (const node of world.rig.fleet.nodes) await node.thaw();
  const { standing } = await world.status();
  if (standing === 'rival') await world.client().takeTerm({ who: 'admin', reason: 'the other one is gone' });
  await inStep(world);
}
