import type { Node } from '../../model/node.ts';
import type { Check, DoctorGround } from './check.ts';
import { findingsOf, type DoctorFinding } from './finding.ts';

const { ok, warning, error, skipped } = findingsOf('way');
const timeoutMs = 3_000;

/** Every node is a peer of our Tailscale network, and its SSH port listens. */
export const wayCheck: Check = {
  name: 'way',
  perNode: true,
  run: async (ground) => {
    const peers = await tailscalePeers(ground);
    const findings = await Promise.all(
      ground.nodes.map(async (node) => [peerFinding(node, peers), await portFinding(node, ground)]),
    );
    const net = peers === undefined ? [skipped('tailscale', 'does not run here, or is not installed')] : [];
    return [...net, ...findings.flat().filter((finding) => finding !== undefined)];
  },
};

async function portFinding(node: Node, { host, ports, settings }: DoctorGround): Promise<DoctorFinding> {
  // The login check goes the whole way; a direct look would tell nothing.
  if (settings.ssh.jump !== undefined || settings.ssh.useSshConfig)
    return skipped(node.name, 'is reached through other hosts, or as ssh_config says');
  const port = node.sshPort ?? ports.defaultPort;
  switch (await host.connect(node.address, port, timeoutMs)) {
    case 'open':
      return ok(node.name, `port ${String(port)} listens`);
    case 'refused':
      return error(
        node.name,
        `port ${String(port)} is refused: the machine is up and no sshd listens`,
        'on the node: sudo systemctl start ssh',
      );
    case 'no route':
      return error(node.name, `there is no way to ${node.address}`, 'tailscale status');
    case 'silent':
      return error(
        node.name,
        `port ${String(port)} is silent: the machine is off, or a firewall drops us`,
        `tailscale ping ${node.address}`,
      );
  }
}

interface Peer {
  readonly online: boolean;
}

async function tailscalePeers({
  host,
  signal,
}: DoctorGround): Promise<ReadonlyMap<string, Peer> | undefined> {
  const answer = await host.exec('tailscale', ['status', '--json'], signal);
  if (answer?.code !== 0) return undefined;
  try {
    const status = JSON.parse(answer.stdout) as {
      Peer?: Record<string, { TailscaleIPs?: string[]; Online?: boolean }>;
      Self?: { TailscaleIPs?: string[] };
    };
    const all = [...Object.values(status.Peer ?? {}), { ...status.Self, Online: true }];
    return new Map(
      all.flatMap(({ TailscaleIPs = [], Online }) =>
        TailscaleIPs.map((ip) => [ip, { online: Online === true }] as const),
      ),
    );
  } catch {
    return undefined;
  }
}

function peerFinding(
  { name, address }: Node,
  peers: ReadonlyMap<string, Peer> | undefined,
): DoctorFinding | undefined {
  // Addresses outside Tailscale's ranges need no peer.
  if (
    peers === undefined ||
    !(/^100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./u.test(address) || address.startsWith('fd7a:115c:a1e0:'))
  )
    return undefined;
  const peer = peers.get(address);
  if (peer === undefined)
    return error(name, `${address} is no peer of this Tailscale network`, 'on the node: sudo tailscale up');
  return peer.online
    ? ok(name, 'is online in Tailscale')
    : warning(name, 'is offline in Tailscale', 'start the machine; on it: sudo tailscale up');
}
