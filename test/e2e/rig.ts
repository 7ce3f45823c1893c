// Everything an end-to-end test needs: real nodes, a registry folder, settings, and the product as a user runs it.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startFleet } from '../fleet/fleet.ts';
import type { Fleet, FleetNode, NodeSpec } from '../fleet/types.ts';
import type { NodeType } from '../../src/model/node-types.ts';

export type { NodeType } from '../../src/model/node-types.ts';

// The bundle as shipped; from source where a developer asks for it.
const main = new URL(
  process.env['SYNC_TEST_SOURCE'] === undefined ? '../../dist/main.js' : '../../src/main.ts',
  import.meta.url,
).pathname;

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Daemon {
  readonly process: ChildProcess;
  /** Everything it has said so far. */
  said(): string;
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface RigOptions {
  readonly nodes: readonly (NodeSpec & { readonly type: NodeType })[];
  /** More YAML for the settings file. */
  readonly settings?: string;
  readonly storage?: 'tmpfs' | 'disk';
  /** Rows start without pins when false. */
  readonly pinned?: boolean;
  /** Takes the place of the folder as the source, for a rig over a real API server. */
  readonly source?: string;
}

export interface Rig {
  readonly fleet: Fleet;
  readonly folder: string;
  readonly registry: string;
  readonly settings: string;
  node(index: number): FleetNode;
  syncctl(
    words: readonly string[],
    options?: { readonly stdin?: string; readonly env?: NodeJS.ProcessEnv },
  ): Promise<Ran>;
  daemon(words?: readonly string[]): Daemon;
  /** Reads, changes and writes one JSON value of a registry object, as an admin's editor does. */
  edit(object: string, key: string, change: (value: never) => unknown): void;
  read(object: string, key: string): unknown;
  stop(): Promise<void>;
}

/** Starts nodes and writes the registries; nothing of the product runs yet. */
export async function startRig(options: RigOptions): Promise<Rig> {
  const fleet = await startFleet({ nodes: options.nodes, storage: options.storage ?? 'tmpfs' });
  const folder = mkdtempSync(join(tmpdir(), 'sync-controller-e2e-'));
  const registry = join(folder, 'registry');
  mkdirSync(registry);
  const objects = initialObjects(fleet, options);
  const write = (object: string): void => {
    writeFileSync(
      join(registry, `${object}.json`),
      JSON.stringify(manifest(object, objects[object] ?? {}), null, 2),
    );
  };
  for (const object of Object.keys(objects)) write(object);
  const settings = join(folder, 'config.yaml');
  writeFileSync(
    settings,
    settingsText(folder, options.source ?? `  kind: directory\n  directory: ${registry}`, fleet.clientKey) +
      (options.settings ?? ''),
  );
  const daemons: Daemon[] = [];
  const current = (object: string): Record<string, string> =>
    (JSON.parse(readFileSync(join(registry, `${object}.json`), 'utf8')) as { data: Record<string, string> })
      .data;
  return {
    fleet,
    folder,
    registry,
    settings,
    node: (index) => fleet.node(index),
    syncctl: (words, how) => runMain([...words, '--config', settings], how),
    daemon: (words = ['daemon']) => {
      const daemon = startDaemon([...words, '--config', settings]);
      daemons.push(daemon);
      return daemon;
    },
    edit: (object, key, change) => {
      const data = current(object);
      data[key] = JSON.stringify(change(JSON.parse(data[key] ?? 'null') as never), null, 2);
      writeFileSync(join(registry, `${object}.json`), JSON.stringify(manifest(object, data), null, 2));
    },
    read: (object, key) => JSON.parse(current(object)[key] ?? 'null') as unknown,
    stop: async () => {
      for (const daemon of daemons) await daemon.stop('SIGKILL');
      await fleet.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function manifest(name: string, data: Record<string, string>): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'kube-system' }, data };
}

/** The registries as they are at the start: object name -> data. */
export function initialObjects(fleet: Fleet, options: RigOptions): Record<string, Record<string, string>> {
  // Lists of other types come with their first node.
  const rows: Partial<Record<NodeType, object[]>> = {
    management_laptops: [],
    vps_nodes: [],
    worker_nodes: [],
  };
  for (const [index, spec] of options.nodes.entries()) {
    const node = fleet.node(index);
    const pins = node.hostKeys.map((key) => ({
      key: key.split(' ').slice(0, 2).join(' '),
      source: 'given',
      added: '2026-01-01T00:00:00Z',
    }));
    (rows[spec.type] ??= []).push({
      ip: node.address,
      name: node.name,
      ssh_user: node.user,
      status: 'pending_sync',
      last_sync: null,
      sync_controller: {
        ...(node.port === 22 ? {} : { ssh_port: node.port }),
        ...(options.pinned === false ? {} : { host_keys: pins }),
      },
    });
  }
  const services = {
    demo: {
      subdomain: 'demo',
      namespace: 'apps',
      service: 'demo',
      ip: '100.76.150.207',
      port: 80,
      public: true,
      updated: '2025-11-08T05:16:58Z',
    },
    grafana: {
      subdomain: 'grafana',
      namespace: 'mon',
      service: 'grafana',
      ip: '100.76.150.202',
      port: 80,
      public: false,
      updated: '2025-11-08T05:16:58Z',
    },
  };
  return {
    'service-registry': { 'services.json': JSON.stringify(services, null, 2) },
    'sync-controller-registry': {
      'registry.json': JSON.stringify({ ...rows, metadata: { version: '1.0' } }, null, 2),
    },
    'domain-registry': {
      'domains.json': JSON.stringify({
        domains: { 'example.org': { description: '', registered: '', status: 'active' } },
        vps_nodes: [],
      }),
      'routing.json': '{}',
    },
    'cluster-info': { 'cluster-name': 'test', 'cluster-domain': 'testcloud', 'public-domain': 'example.org' },
  };
}

function settingsText(folder: string, source: string, key: string): string {
  return [
    'source:',
    source,
    'ssh:',
    `  identity: [${key}]`,
    'api:',
    '  listen: off',
    'daemon:',
    `  stateDirectory: ${join(folder, 'state')}`,
    `  runtimeDirectory: ${join(folder, 'run')}`,
    'presence:',
    '  probeMs: 300',
    '',
  ].join('\n');
}

/** Runs the built product to its end. */
export async function runMain(
  words: readonly string[],
  how: { readonly stdin?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Ran> {
  const child = spawn(process.execPath, [main, ...words], {
    stdio: 'pipe',
    env: { ...process.env, NO_COLOR: '1', ...how.env },
  });
  const out = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (out.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (out.stderr += chunk.toString()));
  child.stdin.end(how.stdin ?? '');
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, ...out };
}

function startDaemon(words: readonly string[]): Daemon {
  const child = spawn(process.execPath, [main, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1' },
  });
  let said = '';
  const hear = (chunk: Buffer): void => {
    said += chunk.toString();
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  const gone = new Promise<number | null>((resolve) => child.once('close', resolve));
  return {
    process: child,
    said: () => said,
    stop: async (signal = 'SIGTERM') => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      return gone;
    },
  };
}

/** Waits for a condition; fails with what was seen last. */
export async function until(
  what: string,
  check: () => boolean | Promise<boolean>,
  limitMs = 120_000,
): Promise<void> {
  const end = performance.now() + limitMs;
  while (!(await check())) {
    if (performance.now() > end) throw new Error(`${what}: not seen within ${String(limitMs / 1000)} s`);
    await delay(50);
  }
}

/** Waits until a daemon has started; where it does not, its last words tell why. */
export async function hasStarted(daemon: Daemon, limitMs?: number): Promise<void> {
  try {
    await until('the daemon has started', () => daemon.said().includes('started'), limitMs);
  } catch (error) {
    throw new Error(`it said last: ${daemon.said().slice(-600)}`, { cause: error });
  }
}

/** A node's file as its own programs see it; empty where there is none. */
export function fileOn(node: FleetNode, path: string): string {
  try {
    return readFileSync(join(node.rootDir, path), 'utf8');
  } catch {
    return '';
  }
}
