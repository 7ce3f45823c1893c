import { renameSync, writeFileSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostsEntry } from '../../src/plan/hosts-block.ts';
import type { FleetNode } from '../fleet/types.ts';

const domain = 'bench';

/** How much a registry says: 5 KB or 500 KB as a block of /etc/hosts. Long names keep the large one within what an object of Kubernetes may hold. */
export type Payload = 'small' | 'large';
const shapes = {
  small: { services: 128, pad: '' },
  large: { services: 6_000, pad: `-${'x'.repeat(44)}` },
} as const satisfies Record<Payload, unknown>;

/** The registry's services of one generation; a generation changes one address. */
export function entriesOf(generation: number, payload: Payload = 'small'): readonly HostsEntry[] {
  const { services, pad } = shapes[payload];
  return Array.from({ length: services }, (_, index) => {
    const changed = index === services - 1;
    const ip = changed
      ? `100.77.${String(generation >> 8)}.${String(generation & 255)}`
      : `100.76.${String(150 + Math.floor(index / 250))}.${String((index % 250) + 1)}`;
    return { ip, name: `service-${String(index).padStart(3, '0')}${pad}.${domain}.local` };
  });
}

/** What a node's file must hold once it has the entries. */
export function linesOf(entries: readonly HostsEntry[]): readonly string[] {
  return entries.map(({ ip, name }) => `${ip}\t${name}`);
}

/** What the registry says of a node. */
export type Rowed = Pick<FleetNode, 'name' | 'address' | 'user' | 'hostKeys'>;

/** Writes the folder of manifests that the directory source reads. */
export function writeRegistry(folder: string, nodes: readonly Rowed[], entries: readonly HostsEntry[]): void {
  const objects = {
    'domain-registry': {
      'domains.json': JSON.stringify({ domains: {}, vps_nodes: [] }),
      'routing.json': '{}',
    },
    'cluster-info': { 'cluster-name': 'bench', 'cluster-domain': domain },
    'service-registry': servicesOf(entries),
  };
  for (const [name, data] of Object.entries(objects))
    writeFileSync(join(folder, `${name}.json`), manifest(name, data));
  writeNodes(folder, nodes);
}

/** Writes only which nodes there are. */
export function writeNodes(folder: string, nodes: readonly Rowed[]): void {
  const registry = {
    management_laptops: [],
    vps_nodes: [],
    worker_nodes: nodes.map(rowOf),
    metadata: { version: '1.0' },
  };
  const name = 'sync-controller-registry';
  const draft = join(folder, '..', `${name}.new`);
  writeFileSync(draft, manifest(name, { 'registry.json': JSON.stringify(registry) }));
  renameSync(draft, join(folder, `${name}.json`));
}

/** The row of a node with its pinned keys and no word more: 5,000 rows with one key each fit into one object, 1 MiB. */
export function rowOf(node: Rowed): object {
  const keys = node.hostKeys.map((key) => ({ key: key.split(' ').slice(0, 2).join(' '), source: 'given' }));
  return { ip: node.address, name: node.name, ssh_user: node.user, sync_controller: { host_keys: keys } };
}

/** The edit whose way to every node is measured: one service gets another address, as an admin's save does it. The text is made now, saved when called. */
export function preparedEdit(folder: string, entries: readonly HostsEntry[]): () => Promise<void> {
  const target = join(folder, 'service-registry.json');
  const draft = `${folder}/../service-registry.new`;
  writeFileSync(draft, manifest('service-registry', servicesOf(entries)));
  return () => rename(draft, target);
}

function servicesOf(entries: readonly HostsEntry[]): Record<string, string> {
  const rows = entries.map(({ ip, name }, index) => {
    const service = `s${String(index)}`;
    return [service, { subdomain: name.split('.')[0] ?? name, service, ip, port: 80, public: false }];
  });
  return { 'services.json': JSON.stringify(Object.fromEntries(rows)) };
}

/** An object as the directory source reads it. */
export function manifest(name: string, data: Readonly<Record<string, string>>): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'kube-system' },
    data,
  });
}
