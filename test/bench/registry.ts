import { writeFileSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostsEntry } from '../../src/plan/hosts-block.ts';
import type { Fleet } from '../fleet/types.ts';

const services = 128;
const domain = 'bench';

/** The registry's services of one generation: about 5 KB as a block of /etc/hosts; a generation changes one address. */
export function entriesOf(generation: number): readonly HostsEntry[] {
  return Array.from({ length: services }, (_, index) => {
    const changed = index === services - 1;
    const ip = changed
      ? `100.77.${String(generation >> 8)}.${String(generation & 255)}`
      : `100.76.150.${String(index + 1)}`;
    return { ip, name: `service-${String(index).padStart(3, '0')}.${domain}.local` };
  });
}

/** What every node's file must hold once it has a generation. */
export function linesOf(generation: number): readonly string[] {
  return entriesOf(generation).map(({ ip, name }) => `${ip}\t${name}\n`);
}

/** Writes the folder of manifests that the directory source reads. */
export function writeRegistry(folder: string, fleet: Fleet): void {
  const rows = fleet.nodes.map((node) => ({
    ip: node.address,
    name: node.name,
    ssh_user: node.user,
    status: 'pending_sync',
    last_sync: null,
    sync_controller: {
      host_keys: node.hostKeys.map((key) => ({
        key: key.split(' ').slice(0, 2).join(' '),
        source: 'given',
        added: '2026-01-01T00:00:00Z',
      })),
    },
  }));
  const registry = {
    management_laptops: [],
    vps_nodes: [],
    worker_nodes: rows,
    metadata: { version: '1.0' },
  };
  const objects = {
    'sync-controller-registry': { 'registry.json': JSON.stringify(registry) },
    'domain-registry': {
      'domains.json': JSON.stringify({ domains: {}, vps_nodes: [] }),
      'routing.json': '{}',
    },
    'cluster-info': { 'cluster-name': 'bench', 'cluster-domain': domain },
    'service-registry': servicesOf(0),
  };
  for (const [name, data] of Object.entries(objects))
    writeFileSync(join(folder, `${name}.json`), manifest(name, data));
}

/** The edit whose way to every node is measured: one service gets another address, as an admin's save does it. */
export async function editRegistry(folder: string, generation: number): Promise<void> {
  const target = join(folder, 'service-registry.json');
  writeFileSync(`${folder}/../service-registry.new`, manifest('service-registry', servicesOf(generation)));
  await rename(`${folder}/../service-registry.new`, target);
}

function servicesOf(generation: number): Record<string, string> {
  const rows = entriesOf(generation).map(({ ip, name }) => {
    const subdomain = name.split('.')[0] ?? name;
    return [
      subdomain,
      {
        subdomain,
        namespace: 'apps',
        service: subdomain,
        ip,
        port: 80,
        public: false,
        updated: '2026-01-01T00:00:00Z',
      },
    ];
  });
  return { 'services.json': JSON.stringify(Object.fromEntries(rows)) };
}

function manifest(name: string, data: Record<string, string>): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'kube-system' },
    data,
  });
}
