import { isTailscale, type Peer, type Tailnet } from '../../lib/tailnet.ts';
import type { Node } from '../../model/node.ts';
import type { DoctorGround } from './check.ts';
import { findingsOf, type DoctorFinding } from './finding.ts';

const { ok, warning, error, skipped } = findingsOf('way');

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
  const { tailnetOf } = await import('../../lib/tailnet-status.ts');
  return tailnetOf(answer.stdout);
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

function peerFinding({ name, address }: Node, peer: Peer | undefined): DoctorFinding {
  if (peer === undefined)
    return error(name, `${address} is no peer of this Tailscale network`, 'on the node: sudo tailscale up');
  if (peer.expired)
    return error(name, 'its Tailscale key has expired', 'on the node: sudo tailscale up --force-reauth');
  return peer.online
    ? ok(name, 'is online in Tailscale')
    : warning(name, 'is offline in Tailscale', 'start the machine; on it: sudo tailscale up');
}
