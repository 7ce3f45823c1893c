import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Settings } from '../config/settings.ts';
import type { Clock } from '../lib/clock.ts';
import { pinJumps } from '../enrol/jumps.ts';
import { restrictedIdentities } from '../enrol/restricted-nodes.ts';
import type { Node } from '../model/node.ts';
import { endpointFor, parseJumps, type Account } from '../transport/endpoint.ts';
import { besides, createPullTransport } from '../transport/pull.ts';
import type { Endpoint, Transport } from '../transport/transport.ts';
import type { Visits } from '../transport/visits.ts';

/** The way to every node: SSH as the settings say, and the visits of those that come themselves. */
export async function openTransport(settings: Settings, clock: Clock, visits: Visits): Promise<Transport> {
  return besides(await openSsh(settings, clock), createPullTransport(visits, clock));
}

/** The way by SSH alone. */
export async function openSsh(settings: Settings, clock: Clock): Promise<Transport> {
  // The names of the limits are the transports' own; what else stands in the section is not theirs to read.
  const limits = settings.ssh;
  if (settings.ssh.adapter === 'openssh') {
    const { createOpensshTransport } = await import('../transport/openssh.ts');
    return createOpensshTransport({ settings: limits, clock });
  }
  const { createSsh2Transport } = await import('../transport/ssh2-transport.ts');
  return createSsh2Transport({ settings: limits, clock });
}

/** As whom this process looks for keys and files. */
export function accountOfProcess(): Account {
  return { env: process.env, uid: process.getuid?.() ?? 0 };
}

/** The known_hosts files of the admin and the system, unless the settings name others. */
export function knownHostsFiles(settings: Settings, account: Account): readonly string[] {
  if (settings.ssh.knownHosts.length > 0) return settings.ssh.knownHosts;
  return [join(account.env['HOME'] ?? homedir(), '.ssh', 'known_hosts'), '/etc/ssh/ssh_known_hosts'];
}

/** Turns a row into the way to it, with the key that can do one thing first where the node takes it. */
export function endpointsOf(
  settings: Settings,
  account: Account,
  clock: Clock,
): (node: Node) => Promise<Endpoint> {
  const plain = plainEndpointsOf(settings, account, clock);
  const dedicated = restrictedIdentities(settings.daemon.stateDirectory);
  return async (node) => {
    const endpoint = await plain(node);
    const first = dedicated(node.id);
    return first.length === 0 ? endpoint : { ...endpoint, identities: [...first, ...endpoint.identities] };
  };
}

/** The way with the keys of the settings alone, as an admin's. Hosts on the way are pinned from known_hosts, once; `ssh -G` is asked only where the settings say so. */
export function plainEndpointsOf(
  settings: Settings,
  account: Account,
  clock: Clock,
): (node: Node) => Promise<Endpoint> {
  const { identity, agent, port, jump, useSshConfig } = settings.ssh;
  const user = account.env['SUDO_USER'] ?? account.env['USER'] ?? 'root';
  const known = knownHostsFiles(settings, account);
  let jumps: ReturnType<typeof pinJumps> | undefined;
  const overlaid = new Map<string, Promise<Endpoint>>();
  return async (node) => {
    jumps ??= jump === undefined ? Promise.resolve([]) : pinJumps(parseJumps(jump, user), known, clock);
    const endpoint = endpointFor(node, { identity, agent, port, jumps: await jumps }, account);
    if (!useSshConfig || endpoint.pull === true) return endpoint;
    // Asking ssh costs a process: once per row as it stands.
    const key = JSON.stringify(endpoint);
    const asked = overlaid.get(key) ?? overlay(endpoint, node, { settings, known, clock });
    overlaid.set(key, asked);
    return asked;
  };
}

async function overlay(
  endpoint: Endpoint,
  node: Node,
  how: { settings: Settings; known: readonly string[]; clock: Clock },
): Promise<Endpoint> {
  const { overlaySshConfig } = await import('../enrol/ssh-config-endpoint.ts');
  const { identity, port } = how.settings.ssh;
  return overlaySshConfig(node, endpoint, { identity, port, knownHosts: how.known, clock: how.clock });
}
