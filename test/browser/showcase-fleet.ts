// Twelve nodes, two of them in trouble.
import type { ControllerStatus } from '../../src/contract/report.ts';
import { verified } from '../cli/controller-double.ts';

export type NodeRow = ControllerStatus['nodes'][number];

const minute = 60_000;
/** A moment so many minutes ago. */
export const ago = (minutes: number): string =>
  new Date(Date.now() - minutes * minute).toISOString().replace(/\.\d+Z$/u, 'Z');

/** A row of the status out of a report. */
export const row = (report: ReturnType<typeof verified>, changes: Partial<NodeRow> = {}): NodeRow => ({
  ...report,
  since: ago(190),
  lastSync: ago(12),
  lastAttempt: ago(12),
  hint: false,
  ...changes,
});

const of = (type: string, name: string, address: string, changes: Partial<NodeRow> = {}): NodeRow =>
  row(
    verified(name, {
      node: `${type}@${address}`,
      type,
      address,
      changed: false,
      rungs: type === 'vps_nodes' ? ['digest', 'parsed', 'loaded', 'answers'] : ['digest', 'resolves'],
    }),
    changes,
  );

export const hetzner = of('vps_nodes', 'hetzner-vps', '100.68.225.93', {
  ...{
    state: 'error',
    verified: false,
    cause: 'hostkey_changed',
    rungs: [],
    since: ago(41),
    lastSync: ago(55),
    lastAttempt: ago(3),
  },
  evidence: 'expected ssh-ed25519 SHA256:7Xb0x1…pQ, got ssh-ed25519 SHA256:kd93La…Zw',
  remedy: 'syncctl node trust hetzner-vps --from scan --replace',
});

export const fleet: readonly NodeRow[] = [
  of('vps_nodes', 'contabo-vps', '100.68.225.92'),
  hetzner,
  of('vps_nodes', 'netcup-vps', '100.68.225.94'),
  of('caddy_nodes', 'edge-fra', '100.92.1.1'),
  of('dnsmasq_nodes', 'ns-1', '100.91.1.1'),
  of('management_laptops', 'vinay-laptop', '100.84.12.7', {
    ...{
      state: 'pending_sync',
      verified: false,
      cause: 'timeout',
      rungs: [],
      since: ago(340),
      lastSync: ago(352),
    },
    evidence: 'no answer in 10 s',
    remedy: 'tailscale ping 100.84.12.7',
  }),
  of('management_laptops', 'dev-laptop', '100.84.12.8'),
  ...[1, 2, 3, 4, 5].map((at) => of('worker_nodes', `worker-0${String(at)}`, `100.70.3.${String(at)}`)),
];

/** All well, and the last eight of them wait for the third batch of a rollout. */
export const waitingFleet: readonly NodeRow[] = fleet.map((node, at) => ({
  ...node,
  ...{ state: 'active', verified: true, cause: null, evidence: '', remedy: null, since: ago(190) },
  waits:
    at < 4 ? null : 'revision ab12cd34ef56 waits for its turn: its batch is 3 of 3; the rollout is running',
}));

/** As many nodes as are wanted, all well. */
export const manyNodes = (count: number): NodeRow[] =>
  Array.from({ length: count }, (_, at) =>
    of('worker_nodes', `n-${String(at)}`, `10.${String(at >> 8)}.${String(at & 255)}.1`),
  );
