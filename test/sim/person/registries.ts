import type { KubeServer } from '../kube/server.ts';
import { clusterDomain, idOf, publicDomain, type RowTruth, type Truth } from './truth.ts';

type Row = Readonly<Record<string, unknown>>;
type Lists = Readonly<Partial<Record<RowTruth['type'], readonly Row[]>>>;

const types = ['management_laptops', 'vps_nodes', 'worker_nodes'] as const;

export const clusterInfo = {
  'cluster-name': 'minicloud',
  'cluster-domain': clusterDomain,
  'control-plane-ip': '100.76.150.1',
  'public-domain': publicDomain,
};

const domains = {
  domains: {
    [publicDomain]: { description: 'Example', registered: '2025-11-09T08:00:00Z', status: 'active' },
  },
  vps_nodes: [],
};

/** Writes the four objects as an admin who means exactly the truth; the recorded statuses stay as they stand. */
export function writeAll(server: KubeServer, truth: Truth): void {
  server.put('service-registry', { 'services.json': truth.servicesText() }, 'person', {});
  writeRows(server, truth);
  server.put('domain-registry', domainData(), 'person', {});
  server.put('cluster-info', clusterInfo, 'person', {});
}

export function domainData(routing = '{}'): Record<string, string> {
  return { 'domains.json': `${JSON.stringify(domains, null, 2)}\n`, 'routing.json': routing };
}

/** The rows of `registry.json` as the truth has them, each with whatever else its present row says. */
export function writeRows(server: KubeServer, truth: Truth, text?: string): void {
  const present = text ?? server.objects.get('sync-controller-registry')?.data['registry.json'];
  const known = rowsIn(present);
  const lists = Object.fromEntries(
    types.map((type) => [
      type,
      [...truth.rows.values()]
        .filter((row) => row.type === type)
        .map((row) => rowText(row, known.get(idOf(row)))),
    ]),
  );
  const whole = { ...lists, metadata: { version: '1.0', updated_by: 'person', touched: 0 } };
  server.put(
    'sync-controller-registry',
    { 'registry.json': `${JSON.stringify(whole, null, 2)}\n` },
    'person',
  );
}

function rowText(row: RowTruth, present: Row | undefined): Row {
  return {
    ...(present ?? { status: 'pending_sync', last_sync: null, note: `of ${row.name}, 1e3 things` }),
    ip: row.address,
    name: row.name,
    ssh_user: 'sync',
    sync_controller: {
      host_keys: row.pins.map((key) => ({ key, source: 'given', added: '2025-11-08T05:16:58Z' })),
    },
  };
}

/** The rows of a registry by the id of their node; none where it cannot be read. */
export function rowsIn(text: string | undefined): ReadonlyMap<string, Row> {
  try {
    const lists = JSON.parse(text ?? '{}') as Lists;
    return new Map(
      types.flatMap((type) =>
        (lists[type] ?? []).map((row) => [`${type}@${String(row['ip'])}`, row] as const),
      ),
    );
  } catch {
    return new Map();
  }
}
