import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startFleet } from '../fleet/fleet.ts';
import type { Fleet, FleetNode } from '../fleet/types.ts';
import { receiverPath } from '../receiver/harness.ts';
import type { HostsEntry } from '../../src/plan/hosts-block.ts';
import { entriesOf, linesOf, preparedEdit, writeNodes, writeRegistry, type Payload } from './registry.ts';

/** Nodes, a registry folder and settings; shared by every way that is measured. */
export interface Scene {
  /** The nodes that the registry names now. */
  readonly fleet: Fleet;
  readonly folder: string;
  readonly registry: string;
  readonly settings: string;
  /** A generation no way has used yet. */
  nextGeneration(): number;
  /** What the registry says in a generation. */
  entries(generation: number): readonly HostsEntry[];
  /** Makes the next state of the registry ready; what it answers saves it. */
  prepare(generation: number): () => Promise<void>;
  /** Saves a generation into the registry. */
  edit(generation: number): Promise<void>;
  /** The generation that stands in the registry. */
  saved(): number;
  /** From now on only the first nodes are there; the others stay as they are. */
  take(nodes: number): void;
  /** Throws unless every node's own file holds the lines; asked outside the measured time. */
  prove(path: string, lines: readonly string[]): void;
  /** Sessions that all sshds have started commands in, and logins they have seen, since their start. */
  sessions(): { readonly commands: number; readonly logins: number };
  close(): Promise<void>;
}

/** Starts the nodes on the disk, so that every fsync is real, and enrols each by hand. */
export async function openScene(nodes: number, payload: Payload = 'small'): Promise<Scene> {
  const whole = await startFleet({ nodes, mode: 'namespaces', storage: 'disk' });
  for (const node of whole.nodes) enrol(node);
  return sceneOver(whole, payload);
}

function sceneOver(whole: Fleet, payload: Payload): Scene {
  const folder = mkdtempSync(join(tmpdir(), 'sync-bench-'));
  const registry = join(folder, 'registry');
  mkdirSync(registry);
  const entries = (generation: number): readonly HostsEntry[] => entriesOf(generation, payload);
  writeRegistry(registry, whole.nodes, entries(0));
  const settings = join(folder, 'config.yaml');
  writeFileSync(settings, settingsText(folder, registry, whole.clientKey));
  let [generation, saved] = [0, 0];
  let fleet = whole;
  const prepare = (to: number): (() => Promise<void>) => {
    const save = preparedEdit(registry, entries(to));
    return () => {
      saved = to;
      return save();
    };
  };
  return {
    get fleet() {
      return fleet;
    },
    folder,
    registry,
    settings,
    nextGeneration: () => (generation += 1),
    entries,
    prepare,
    edit: (to) => prepare(to)(),
    saved: () => saved,
    take: (count) => {
      fleet = { ...whole, nodes: whole.nodes.slice(0, count) };
      writeNodes(registry, fleet.nodes);
    },
    prove: (path, lines) => {
      for (const node of fleet.nodes) proveNode(node, path, lines);
    },
    sessions: () => countSessions(fleet),
    close: async () => {
      await whole.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Throws unless every node holds what the registry says in a generation. */
export function proveGeneration(scene: Scene, generation: number): void {
  scene.prove('etc/hosts', linesOf(scene.entries(generation)));
}

/** The settings of a controller over a folder of manifests. */
export function settingsText(folder: string, registry: string, key: string): string {
  return [
    'source:',
    '  kind: directory',
    `  directory: ${registry}`,
    'ssh:',
    `  identity: [${key}]`,
    'api:',
    '  listen: off',
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
  const present = new Set(readFileSync(join(node.rootDir, path), 'utf8').split('\n'));
  const missing = lines.find((line) => !present.has(line));
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
