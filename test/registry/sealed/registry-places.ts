import type { RawObject, RegistryObject } from '../../../src/model/snapshot.ts';

type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** Registries with a string in every field that is read. */
export const content = {
  services: {
    demo: {
      subdomain: 'demo',
      namespace: 'apps',
      service: 'demo-svc',
      ip: '100.76.150.207',
      port: 8080,
      public: true,
      updated: '2025-11-08T05:16:58Z',
    },
    wiki: { subdomain: 'wiki', ip: 'fd00::7', port: 80, public: true },
  },
  nodes: {
    management_laptops: [{ ip: '100.86.112.112', name: 'laptop', ssh_user: 'vinay' }],
    vps_nodes: [
      {
        ip: '100.68.225.92',
        name: 'contabo-vps',
        ssh_user: 'sammy',
        repo_path: '/opt/node-one',
        status: 'active',
        last_sync: '2025-11-21T20:45:00Z',
        sync_controller: {
          public_domain: 'private.example.org',
          ssh_port: 22,
          labels: { zone: 'eu' },
          host_keys: [
            {
              key: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBpinnedpinnedpinnedpinned',
              source: 'given',
              added: '2025-11-21T20:45:00Z',
            },
          ],
        },
      },
    ],
    worker_nodes: [],
  },
  domains: {
    domains: {
      'curiios.com': { description: 'Personal site', registered: '2025-11-21T07:49:35Z', status: 'active' },
    },
    vps_nodes: [
      {
        tailscale_ip: '100.68.225.92',
        public_ip: '45.8.133.192',
        location: 'eu',
        registered: '2025-11-21T07:49:35Z',
        status: 'active',
      },
    ],
  },
  routing: {
    demo: { domains: ['curiios.com'], vps_nodes: ['100.68.225.92'], strategy: 'geo' },
    wiki: { domains: ['curiios.com'], vps_nodes: ['100.68.225.92'], strategy: 'round-robin' },
  },
  cluster: {
    'cluster-name': 'home',
    'cluster-domain': 'minicloud',
    'control-plane-ip': '100.67.1.1',
    'public-domain': 'example.org',
  },
} as const satisfies Json;

/** Every place of a string, `/` between its names. */
export const places: readonly { readonly path: string; readonly value: string }[] = placesIn(content, '');

function placesIn(value: Json, path: string): { path: string; value: string }[] {
  if (typeof value === 'string') return [{ path, value }];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, part]) =>
    placesIn(part, path === '' ? name : `${path}/${name}`),
  );
}

/** The content with another string at one place. */
export function placed(path: string, text: string): object {
  const copy = structuredClone(content) as Record<string, unknown>;
  const parts = path.split('/');
  let part = copy;
  for (const name of parts.slice(0, -1)) part = part[name] as Record<string, unknown>;
  part[parts.at(-1) ?? ''] = text;
  return copy;
}

/** The content as the objects of a source. */
export function objectsOf(value: object): Map<RegistryObject, RawObject> {
  const { services, nodes, domains, routing, cluster } = value as Record<string, unknown>;
  const data: Record<RegistryObject, Record<string, string>> = {
    'service-registry': { 'services.json': JSON.stringify(services) },
    'sync-controller-registry': { 'registry.json': JSON.stringify(nodes) },
    'domain-registry': { 'domains.json': JSON.stringify(domains), 'routing.json': JSON.stringify(routing) },
    'cluster-info': cluster as Record<string, string>,
  };
  return new Map(
    (Object.keys(data) as RegistryObject[]).map((name) => [
      name,
      { name, uid: name, resourceVersion: '1', data: data[name], annotations: {} },
    ]),
  );
}
