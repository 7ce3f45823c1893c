// A cluster that the predecessor's own data layout fills: its ConfigMaps on a real API server, its files on a machine that boots
// with a stand-in of its unit, and nodes that hold what its scripts wrote.
import { createHash } from 'node:crypto';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { startFleet } from '../fleet/fleet.ts';
import type { CommandResult, Fleet } from '../fleet/types.ts';
import { connectKube, type KubeApi } from '../servers/kube-api.ts';
import { startKube, type KubeServer } from '../servers/kube.ts';
import { bootMachine, type SystemdMachine } from './systemd/machine.ts';

export const legacyHosts = [
  '127.0.0.1\tlocalhost',
  '10.0.0.7 nas nas.lan # mine',
  '',
  '# MyNodeOne Services - Auto-synced on Sat Nov  8 05:16:58 UTC 2025',
  '100.76.150.201\tdashboard.minicloud.local',
  '100.76.150.201\tminicloud.local',
  '100.76.150.99\tgone.minicloud.local',
  '',
  '::1\tip6-localhost',
  '',
].join('\n');

export const legacyRoutes = `# MyNodeOne Routes - Auto-generated from service registry
# DO NOT EDIT MANUALLY - Changes will be overwritten
#
# To update routes:
#   1. Update service registry on control plane
#   2. Run: sudo ./scripts/sync-vps-routes.sh
#
Generated on: Sat Nov 21 07:49:24 UTC 2026

http:
  routers:
    old:
      rule: "Host(\`old.curiios.com\`)"
      service: old-service
      entryPoints:
        - websecure
      tls:
        certResolver: letsencrypt

  services:
    old-service:
      loadBalancer:
        servers:
          - url: "http://100.76.150.250:80"
`;

const oldScript = (says: string): string => `#!/bin/bash\necho "${says} $*" >>/var/log/old-scripts\n`;
export const checkout = '/root/MyNodeOne';

export interface TakeoverRig {
  readonly fleet: Fleet;
  readonly kube: KubeServer;
  readonly api: KubeApi;
  readonly machine: SystemdMachine;
  syncctl(...words: readonly string[]): Promise<CommandResult>;
  /** The four registries and our own objects, as they are. */
  objects(): Promise<
    Readonly<Record<string, { readonly data: Record<string, string>; readonly version: string }>>
  >;
  /** Digest of everything on nodes that anybody of us could write. */
  nodeFiles(): string;
  /** The same of the control plane's scripts and units. */
  planeFiles(): string;
  stop(): Promise<void>;
}

export async function startTakeoverRig(): Promise<TakeoverRig> {
  const fleet = await startFleet({
    nodes: [{ name: 'vinay-laptop', hosts: legacyHosts }, { name: 'contabo-vps' }],
    storage: 'tmpfs',
  });
  const kube = await startKube();
  const api = await connectKube(kube.kubeconfig);
  const machine = await bootMachine();
  fillNodes(fleet);
  await fillCluster(api, fleet);
  await fillMachine(machine, { fleet, kube });
  return {
    fleet,
    kube,
    api,
    machine,
    syncctl: (...words) => machine.run('syncctl', ...words),
    objects: async () => {
      const { body } = await api.call('GET', '/api/v1/namespaces/kube-system/configmaps');
      const items = body.items as {
        metadata: { name: string; resourceVersion: string };
        data?: Record<string, string>;
      }[];
      return Object.fromEntries(
        items.map(({ metadata, data = {} }) => [metadata.name, { data, version: metadata.resourceVersion }]),
      );
    },
    nodeFiles: () =>
      digestOf(
        [0, 1].flatMap((index) =>
          ['etc/hosts', 'etc/sync-controller', 'usr/local/lib', 'var/lib/sync-controller', 'home'].map(
            (path) => join(fleet.node(index).rootDir, path),
          ),
        ),
      ),
    planeFiles: () => digestOf([checkout, '/etc/systemd/system'].map((path) => join(machine.rootDir, path))),
    stop: async () => {
      await machine.stop();
      await fleet.stop();
      await kube.stop();
    },
  };
}

/** Names, kinds, modes, owners and bytes. */
export function digestOf(paths: readonly string[]): string {
  const hash = createHash('sha256');
  const walk = (path: string): void => {
    const facts = lstatSync(path, { throwIfNoEntry: false });
    if (facts === undefined) return;
    const what = `${path.replace(/^\/proc\/\d+/u, '')} ${String(facts.mode)} ${String(facts.uid)}:${String(facts.gid)}\n`;
    hash.update(what);
    if (facts.isDirectory()) for (const name of readdirSync(path).sort()) walk(join(path, name));
    else if (facts.isFile()) hash.update(readFileSync(path));
    else if (facts.isSymbolicLink()) hash.update(readlinkSync(path));
  };
  for (const path of paths) walk(path);
  return hash.digest('hex');
}

function put(root: string, path: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
  chmodSync(join(root, path), mode);
}

function fillNodes(fleet: Fleet): void {
  const [laptop, vps] = [fleet.node(0).rootDir, fleet.node(1).rootDir];
  put(laptop, 'home/node/code/MyNodeOne/scripts/sync-dns.sh', oldScript('sync-dns'), 0o775);
  put(vps, 'home/node/MyNodeOne/scripts/sync-vps-routes.sh', oldScript('sync-vps-routes'), 0o755);
  put(
    vps,
    'home/node/.mynodeone/config.env',
    'NODE_TYPE="edge"\nPUBLIC_DOMAIN="curiios.com"\nX="$(reboot)"\n',
    0o600,
  );
  put(vps, 'home/node/traefik/config/mynodeone-routes.yml', legacyRoutes);
  put(vps, 'etc/cloud/cloud.cfg', 'manage_etc_hosts: true\n');
}

async function fillCluster(api: KubeApi, fleet: Fleet): Promise<void> {
  const row = (index: number, more: object): object => ({
    ip: fleet.node(index).address,
    name: fleet.node(index).name,
    ssh_user: 'node',
    webhook_port: 8080,
    registered: '2025-11-21T15:45:00-05:00',
    last_sync: '2025-11-21T20:45:00Z',
    status: 'active',
    ...more,
  });
  const registry = {
    management_laptops: [row(0, { repo_path: '/home/node/code/MyNodeOne' })],
    vps_nodes: [row(1, { repo_path: '' })],
    worker_nodes: [],
    metadata: {
      version: '1.0',
      last_updated: '2025-11-21T15:45:00-05:00',
      updated_by: 'vinay@control-plane',
    },
  };
  const service = (subdomain: string, ip: string, isPublic: boolean): object => ({
    ...{ subdomain, namespace: 'apps', service: subdomain, ip, port: 80 },
    ...{ public: isPublic, updated: '2025-11-08T05:16:58Z' },
  });
  const objects = {
    'service-registry': {
      'services.json': JSON.stringify({
        dashboard: service('dashboard', '100.76.150.201', false),
        demo: service('demo', '100.76.150.207', true),
      }),
    },
    'sync-controller-registry': { 'registry.json': JSON.stringify(registry).replaceAll('","', '", "') },
    'domain-registry': {
      'domains.json': JSON.stringify({ domains: {}, vps_nodes: [] }),
      'routing.json': '{}',
    },
    'cluster-info': {
      ...{ 'cluster-name': 'home', 'cluster-domain': 'minicloud', 'control-plane-ip': '100.76.150.1' },
      'repo-path': checkout,
    },
  };
  for (const [name, data] of Object.entries(objects)) {
    const made = await api.call('POST', '/api/v1/namespaces/kube-system/configmaps', {
      body: { metadata: { name }, data },
    });
    if (made.status !== 201) throw new Error(`${name}: ${String(made.status)}`);
  }
}

const oldUnit = `[Unit]
Description=MyNodeOne Sync Controller
After=network.target
[Service]
Type=simple
User=root
WorkingDirectory=${checkout}
ExecStart=${checkout}/scripts/lib/sync-controller.sh daemon 1
Restart=always
RestartSec=10
SyslogIdentifier=mynodeone-sync
[Install]
WantedBy=multi-user.target
`;

async function fillMachine(
  machine: SystemdMachine,
  { fleet, kube }: { readonly fleet: Fleet; readonly kube: KubeServer },
): Promise<void> {
  const root = machine.rootDir;
  const daemon = '#!/bin/bash\necho "$*" >>/var/log/old-scripts\n[[ $1 != daemon ]] || exec sleep infinity\n';
  put(root, `${checkout}/scripts/lib/sync-controller.sh`, daemon, 0o755);
  for (const name of [
    'lib/service-registry.sh',
    'manage-app-visibility.sh',
    'sync-dns.sh',
    'bootstrap-control-plane.sh',
  ])
    put(root, `${checkout}/scripts/${name}`, oldScript(name), 0o754);
  put(root, 'etc/systemd/system/mynodeone-sync-controller.service', oldUnit);
  put(root, 'etc/rancher/k3s/k3s.yaml', readFileSync(kube.kubeconfig, 'utf8'), 0o600);
  put(root, 'root/.ssh/id_ed25519', readFileSync(fleet.clientKey, 'utf8'), 0o600);
  const lines = [0, 1].flatMap((index) => {
    const { address, hostKeys } = fleet.node(index);
    return hostKeys.map((key) => `${address} ${key.split(' ').slice(0, 2).join(' ')}`);
  });
  put(root, 'root/.ssh/known_hosts', `${lines.join('\n')}\n`, 0o600);
  await machine.run('systemctl', 'daemon-reload');
  const started = await machine.run('systemctl', 'enable', '--now', 'mynodeone-sync-controller');
  if (started.code !== 0) throw new Error(started.stderr);
}
