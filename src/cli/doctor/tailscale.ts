import type { Node } from '../../model/node.ts';
import type { DoctorGround } from './check.ts';
import { findingsOf, type DoctorFinding } from './finding.ts';

const { ok, warning, error, skipped } = findingsOf('way');

/** What `tailscale status` says of this machine and its peers. */
type Tailnet =
  | { readonly kind: 'absent' }
  | { readonly kind: 'silent' }
  /** The daemon answers and is not connected: then it knows no peers, which says nothing of them. */
  | { readonly kind: 'off'; readonly state: string }
  | { readonly kind: 'up'; readonly peers: ReadonlyMap<string, Peer> };

interface Peer {
  readonly online: boolean;
  readonly expired: boolean;
}

/** This machine is in the Tailscale network, and so is every node that has an address of it. */
export async function tailscaleFindings(ground: DoctorGround): Promise<readonly DoctorFinding[]> {
  const nodes = ground.nodes.filter(({ address }) => isTailscale(address));
  const net = await tailnet(ground);
  if (net.kind === 'absent') return [skipped('tailscale', 'is not installed here')];
  if (nodes.length === 0) return [skipped('tailscale', 'no node has an address of its network')];
  if (net.kind === 'up') return nodes.map((node) => peerFinding(node, net.peers.get(node.address)));
  return [
    net.kind === 'silent'
      ? error('tailscale', 'is installed here and does not answer', 'sudo systemctl start tailscaled')
      : offFinding(net.state),
  ];
}

async function tailnet({ host, signal }: DoctorGround): Promise<Tailnet> {
  const answer = await host.exec('tailscale', ['status', '--json'], signal);
  if (answer === undefined) return { kind: 'absent' };
  if (answer.code !== 0) return { kind: 'silent' };
  try {
    return tailnetOf(JSON.parse(answer.stdout) as Status);
  } catch {
    return { kind: 'silent' };
  }
}

/** The part of its JSON that we read; lists and maps are null where they are empty. */
interface Status {
  readonly BackendState?: string;
  readonly Self?: PeerStatus | null;
  readonly Peer?: Readonly<Record<string, PeerStatus>> | null;
}

interface PeerStatus {
  readonly TailscaleIPs?: readonly string[] | null;
  readonly Online?: boolean;
  readonly Expired?: boolean;
}

function tailnetOf({ BackendState = 'Running', Self, Peer }: Status): Tailnet {
  if (BackendState !== 'Running') return { kind: 'off', state: BackendState };
  // This machine may itself be a node; it is always there.
  const all = [...Object.values(Peer ?? {}), { ...Self, Online: true }];
  const peers = all.flatMap(({ TailscaleIPs, Online, Expired }) =>
    (TailscaleIPs ?? []).map((ip) => [ip, { online: Online === true, expired: Expired === true }] as const),
  );
  return { kind: 'up', peers: new Map(peers) };
}

function offFinding(state: string): DoctorFinding {
  switch (state) {
    case 'Stopped':
      return error('tailscale', 'is stopped on this machine', 'sudo tailscale up');
    case 'NeedsLogin':
      return error('tailscale', 'this machine is logged out of it', 'sudo tailscale up');
    case 'NeedsMachineAuth':
      return error(
        'tailscale',
        'this machine waits for the approval of its network',
        'approve it at https://login.tailscale.com/admin/machines',
      );
    default:
      return warning(
        'tailscale',
        `is not connected on this machine (${state})`,
        'sudo systemctl restart tailscaled',
      );
  }
}

/** True for an address of Tailscale's ranges; others need no peer. */
export function isTailscale(address: string): boolean {
  return /^100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./u.test(address) || address.startsWith('fd7a:115c:a1e0:');
}

function peerFinding({ name, address }: Node, peer: Peer | undefined): DoctorFinding {
  if (peer === undefined)
    return error(name, `${address} is no peer of this Tailscale network`, 'on the node: sudo tailscale up');
  if (peer.expired)
    return error(name, 'its Tailscale key has expired', 'on the node: sudo tailscale up --force-reauth');
  return peer.online
    ? ok(name, 'is online in Tailscale')
    : warning(name, 'is offline in Tailscale', 'start the machine; on it: sudo tailscale up');
}
