import { isTailscale } from '../../lib/tailnet.ts';
import type { Node } from '../../model/node.ts';
import type { Check, DoctorGround } from './check.ts';
import { findingsOf, type DoctorFinding } from './finding.ts';
import { tailscaleFindings } from './tailscale.ts';

const { ok, error, skipped } = findingsOf('way');
const timeoutMs = 3_000;

/** Every node is a peer of our Tailscale network, and its SSH port listens. */
export const wayCheck: Check = {
  name: 'way',
  perNode: true,
  run: async (ground) => {
    const [net, ports] = await Promise.all([
      tailscaleFindings(ground),
      Promise.all(ground.nodes.map((node) => portFinding(node, ground))),
    ]);
    return [...net, ...ports];
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
      return error(
        node.name,
        `there is no way to ${node.address}`,
        isTailscale(node.address) ? 'tailscale status' : `ip route get ${node.address}`,
      );
    case 'silent':
      return error(
        node.name,
        `port ${String(port)} is silent: the machine is off, or a firewall drops us`,
        `${isTailscale(node.address) ? 'tailscale ping' : 'ping -c 3'} ${node.address}; start the machine, or open the port in its firewall`,
      );
  }
}
