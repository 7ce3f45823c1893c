import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';

/** The registries of a test, as values. What is left out is absent. */
export interface RegistryContent {
  readonly services?: unknown;
  readonly nodes?: unknown;
  readonly domains?: unknown;
  readonly routing?: unknown;
  readonly cluster?: Readonly<Record<string, string>>;
}

export const demoServices = {
  demo: {
    subdomain: 'demo',
    namespace: 'demo-apps',
    service: 'demo',
    ip: '100.76.150.207',
    port: 80,
    public: true,
    updated: '2025-11-08T05:16:58Z',
  },
  grafana: {
    subdomain: 'grafana',
    namespace: 'monitoring',
    service: 'grafana',
    ip: '100.76.150.201',
    port: 80,
    public: false,
  },
};

export const demoNodes = {
  management_laptops: [
    {
      ip: '100.86.112.112',
      name: 'vinay-laptop',
      ssh_user: 'vinaysachdeva',
      status: 'active',
      last_sync: '2025-11-21T20:45:00Z',
    },
    {
      ip: '100.86.112.113',
      name: 'dev-laptop',
      ssh_user: 'dev',
      status: 'pending_sync',
      last_sync: '2025-11-21T18:00:00Z',
    },
  ],
  vps_nodes: [
    {
      ip: '100.68.225.92',
      name: 'contabo-vps',
      ssh_user: 'sammy',
      status: 'active',
      last_sync: '2025-11-21T20:45:00Z',
    },
  ],
  worker_nodes: [],
  metadata: { version: '1.0', last_updated: '2025-11-21T20:45:00Z', updated_by: 'root@cp' },
};

export const demoDomains = {
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
};

export const demoCluster = {
  'cluster-name': 'home',
  'cluster-domain': 'minicloud',
  'control-plane-ip': '100.76.150.1',
};

/** A registry as a small living cluster has it. */
export const demo: RegistryContent = {
  services: demoServices,
  nodes: demoNodes,
  domains: demoDomains,
  routing: {},
  cluster: demoCluster,
};

const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** Writes the four objects as manifests. */
export async function writeRegistry(folder: string, content: RegistryContent): Promise<void> {
  const put = async (name: string, data: Record<string, string>): Promise<void> => {
    if (Object.keys(data).length === 0) return;
    await writeFile(
      join(folder, `${name}.yaml`),
      stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'kube-system' }, data }),
    );
  };
  await put(
    'service-registry',
    content.services === undefined ? {} : { 'services.json': text(content.services) },
  );
  await put(
    'sync-controller-registry',
    content.nodes === undefined ? {} : { 'registry.json': text(content.nodes) },
  );
  await put('domain-registry', {
    ...(content.domains === undefined ? {} : { 'domains.json': text(content.domains) }),
    ...(content.routing === undefined ? {} : { 'routing.json': text(content.routing) }),
  });
  await put('cluster-info', { ...content.cluster });
}

/** The value under one key of one object, as it stands in the folder. */
export async function readKeyText(folder: string, object: string, key: string): Promise<string | undefined> {
  const manifest = parse(await readFile(join(folder, `${object}.yaml`), 'utf8')) as {
    data: Record<string, string>;
  };
  return manifest.data[key];
}

/** The same, parsed; tests compare parts of it. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a registry of unknown fields, read by path in assertions
export async function readKeyValue(folder: string, object: string, key: string): Promise<any> {
  return JSON.parse((await readKeyText(folder, object, key)) ?? 'null');
}
