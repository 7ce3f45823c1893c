import type { Settings } from '../config/settings.ts';
import type { Clock } from '../lib/clock.ts';
import type { Node } from '../model/node.ts';
import { endpointFor, parseJumps, type Account } from '../transport/endpoint.ts';
import type { Endpoint, Transport } from '../transport/transport.ts';

/** The way to nodes that the settings name. */
export async function openTransport(settings: Settings, clock: Clock): Promise<Transport> {
  // The names of the limits are the transports' own; what else stands in the section is not theirs to read.
  const limits = settings.ssh;
  if (settings.ssh.adapter === 'openssh') {
    const { createOpensshTransport } = await import('../transport/openssh.ts');
    return createOpensshTransport({ settings: limits, clock });
  }
  const { createSsh2Transport } = await import('../transport/ssh2-transport.ts');
  return createSsh2Transport({ settings: limits, clock });
}

/** Turns a row into the way to it; `ssh -G` is asked only where the settings say so. */
export function endpointsOf(settings: Settings, account: Account): (node: Node) => Promise<Endpoint> {
  const { identity, agent, port, jump } = settings.ssh;
  const user = account.env['SUDO_USER'] ?? account.env['USER'] ?? 'root';
  const jumps = jump === undefined ? [] : parseJumps(jump, user).map((hop) => ({ ...hop, pins: [] }));
  return async (node) => Promise.resolve(endpointFor(node, { identity, agent, port, jumps }, account));
}
