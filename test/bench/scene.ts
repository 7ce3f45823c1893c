import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startFleet } from '../fleet/fleet.ts';
import type { Fleet, FleetNode } from '../fleet/types.ts';
import { receiverPath } from '../receiver/harness.ts';
import { editRegistry, writeRegistry } from './registry.ts';

/** Nodes, a registry folder and settings; shared by every way that is measured. */
export interface Scene {
  readonly fleet: Fleet;
  readonly folder: string;
  readonly registry: string;
  readonly settings: string;
  /** A generation no way has used yet. */
  nextGeneration(): number;
  /** Saves a generation into the registry. */
  edit(generation: number): Promise<void>;
  /** The generation that stands in the registry. */
  saved(): number;
  /** Throws unless every node's own file holds the lines; asked outside the measured time. */
  prove(path: string, lines: readonly string[]): void;
  /** Sessions that all sshds have started commands in, and logins they have seen, since their start. */
  sessions(): { readonly commands: number; readonly logins: number };
  close(): Promise<void>;
}

/** Starts the nodes on the disk, so that every fsync is real, and enrols each by hand. */
export async function openScene(nodes: number): Promise<Scene> {
  const fleet = await startFleet({ nodes, mode: 'namespaces', storage: 'disk' });
  const folder = mkdtempSync(join(tmpdir(), 'sync-bench-'));
  const registry = join(folder, 'registry');
  mkdirSync(registry);
  for (const node of fleet.nodes) enrol(node);
  writeRegistry(registry, fleet);
  const settings = join(folder, 'config.yaml');
  writeFileSync(settings, settingsText(folder, registry, fleet.clientKey));
  let generation = 0;
  let saved = 0;
  return {
    fleet,
    folder,
    registry,
    settings,
    nextGeneration: () => (generation += 1),
    edit: async (to) => {
      saved = to;
      await editRegistry(registry, to);
    },
    saved: () => saved,
    prove: (path, lines) => {
      for (const node of fleet.nodes) proveNode(node, path, lines);
    },
    sessions: () => countSessions(fleet),
    close: async () => {
      await fleet.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function settingsText(folder: string, registry: string, key: string): string {
  return [
    'source:',
    '  kind: directory',
    `  directory: ${registry}`,
    'ssh:',
    `  identity: [${key}]`,
    'daemon:',
    `  stateDirectory: ${join(folder, 'state')}`,
    `  runtimeDirectory: ${join(folder, 'run')}`,
    '',
  ].join('\n');
}

/** The kind and the file that the controller writes, and those of the loops beside it: one receiver, one work, two owners. */
export const targets = [
  { kind: 'hosts', path: '/etc/hosts' },
  { kind: 'hosts-floor', path: '/etc/hosts.floor' },
] as const;

function enrol(node: FleetNode): void {
  const lib = join(node.rootDir, 'usr/local/lib/sync-controller');
  const described = join(node.rootDir, 'etc/sync-controller/targets.d');
  for (const folder of [lib, described]) mkdirSync(folder, { recursive: true });
  cpSync(receiverPath(), join(lib, 'receive'));
  chmodSync(join(lib, 'receive'), 0o755);
  const rest = 'temp=\nmode=0644\ncheck=hosts\nraw_url=\nweb_port=\nwebsecure_port=\nreload=\nprobe=\n';
  for (const { kind, path } of targets) {
    writeFileSync(join(described, kind), `format=SC1\nshape=block\npath=${path}\n${rest}`);
  }
  cpSync(join(node.rootDir, 'etc/hosts'), join(node.rootDir, 'etc/hosts.floor'));
}

function proveNode(node: FleetNode, path: string, lines: readonly string[]): void {
  const text = readFileSync(join(node.rootDir, path), 'utf8');
  const missing = lines.find((line) => !text.includes(line));
  if (missing === undefined) return;
  throw new Error(
    `bench: ${node.name} ${path}: expected the line ${JSON.stringify(missing)}, which is not there`,
  );
}

function countSessions(fleet: Fleet): { commands: number; logins: number } {
  const logs = fleet.nodes.map((node) => readFileSync(join(node.rootDir, 'run/sshd.log'), 'utf8'));
  const count = (word: string): number => logs.reduce((sum, log) => sum + log.split(word).length - 1, 0);
  return { commands: count('Starting session: command'), logins: count('Accepted publickey') };
}
