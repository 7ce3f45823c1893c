import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { SocketClient } from '../../../src/contract/client.ts';
import type { ControllerStatus } from '../../../src/contract/report.ts';
import { startRig, until, type Daemon, type Rig } from '../../e2e/rig.ts';
import { traefikOn } from '../../support/traefik-on-node.ts';
import { managed } from './fleet-records.ts';

/** Short times, batches, and statuses in the rows, so that there is something to be killed in. */
const settings = `retry:
  delayMs: 200
  maxDelayMs: 1000
status:
  writeBack: true
  flushMs: 300
rollout:
  batches: [2, "100%"]
  soakMs: 250
`;

export interface KillRig {
  readonly rig: Rig;
  readonly indexes: readonly number[];
  /** Services that the registry has, beside those of the rig. */
  readonly services: string[];
  daemon: Daemon;
  /** Adds a service, and takes an old one out; answers its name. */
  edit(): string;
  /** What the daemon says of itself; undefined where it does not answer. */
  status(): Promise<ControllerStatus | undefined>;
  /** Starts the daemon and waits until everything is in step. */
  restart(): Promise<void>;
}

/** Six nodes, one of them a VPS where there is a Traefik, under a daemon. */
export async function startKillRig(withTraefik: boolean): Promise<KillRig> {
  const workers = ['wa', 'wb', 'wc', 'wd', 'we'].map((name) => ({ type: 'worker_nodes' as const, name }));
  const last = withTraefik
    ? { type: 'vps_nodes' as const, name: 'vps' }
    : { type: 'management_laptops' as const, name: 'laptop' };
  const rig = await startRig({ nodes: [...workers, last], settings });
  if (withTraefik) await traefikOn(rig.node(5), 'v3');
  const world: KillRig = {
    rig,
    indexes: [0, 1, 2, 3, 4, 5],
    services: [],
    daemon: rig.daemon(),
    edit: () => editOf(world),
    status: () => statusOf(rig),
    restart: async () => {
      world.daemon = rig.daemon();
      await converged(world);
    },
  };
  await converged(world);
  return world;
}

let edits = 0;
function editOf({ rig, services }: KillRig): string {
  edits += 1;
  const name = `edit${String(edits)}`;
  services.push(name);
  if (services.length > 6) services.shift();
  const entry = { ip: '100.76.150.77', port: 80, public: true, namespace: 'apps', service: name };
  rig.edit('service-registry', 'services.json', (present: Record<string, object>) => ({
    ...Object.fromEntries(Object.entries(present).filter(([known]) => !known.startsWith('edit'))),
    ...Object.fromEntries(services.map((each) => [each, { subdomain: each, ...entry, service: each }])),
  }));
  return name;
}

async function statusOf(rig: Rig): Promise<ControllerStatus | undefined> {
  const socket = join(rig.folder, 'run/syncctl.sock');
  if (!existsSync(socket)) return undefined;
  try {
    return await new SocketClient(socket, { connectMs: 2_000, answerMs: 5_000 }).status();
  } catch {
    return undefined;
  }
}

/** Names of services that a node serves, in the words of its file. */
export function servicesOn(rig: Rig, index: number): readonly string[] {
  return [...new Set(managed(rig, index).match(/\bedit\d+(?=\.)/gu) ?? [])].sort();
}

/** True where a node serves exactly what the registry says. */
export function inStep({ rig, services }: KillRig, index: number): boolean {
  return servicesOn(rig, index).join(' ') === [...services].sort().join(' ');
}

async function converged(world: KillRig): Promise<void> {
  let seen: ControllerStatus | undefined;
  await until(
    'everything is in step',
    async () => {
      if (!world.indexes.every((index) => inStep(world, index))) return false;
      seen = await world.status();
      const rollout = seen?.rollout ?? null;
      const isOver = rollout === null || rollout.phase === 'done';
      return isOver && seen?.nodes.every(({ state, hint }) => state === 'active' && !hint) === true;
    },
    120_000,
  ).catch((error: unknown) => {
    const nodes = seen?.nodes.map(({ name, state, cause, hint }) => [name, state, cause, hint].join(' '));
    throw new Error(
      `${String(error)}: ${JSON.stringify(nodes)} ${JSON.stringify(seen?.rollout)}\n${world.daemon.said().slice(-3_000)}`,
    );
  });
}

/** What SQLite says of a database and its log, looked at in a copy. */
export function integrity(rig: Rig, name: 'durable.db' | 'history.db'): string {
  const folder = mkdtempSync(join(tmpdir(), 'sync-controller-kills-'));
  try {
    for (const end of ['', '-wal']) {
      const from = join(rig.folder, 'state', `${name}${end}`);
      if (existsSync(from)) copyFileSync(from, join(folder, `${name}${end}`));
    }
    const database = new DatabaseSync(join(folder, name));
    try {
      return String(Object.values(database.prepare('PRAGMA integrity_check').get() ?? {})[0]);
    } finally {
      database.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Temp files of the controller, in its own folder and beside the registries. */
export function temps({ folder, registry }: Rig): readonly string[] {
  return [join(folder, 'state'), registry, join(folder, 'run')].flatMap((place) =>
    existsSync(place) ? readdirSync(place).filter((name) => name.endsWith('.tmp')) : [],
  );
}
