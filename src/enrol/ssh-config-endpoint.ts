import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../lib/clock.ts';
import type { Node } from '../model/node.ts';
import { parseJumps } from '../transport/endpoint.ts';
import type { Endpoint } from '../transport/transport.ts';
import { pinJumps } from './jumps.ts';
import { resolveAlias } from './ssh-config.ts';

export interface SshConfigOptions {
  /** Keys named in our own settings; they win over those of ssh_config. */
  readonly identity: readonly string[];
  /** Default port of our own settings, which stands for "none named". */
  readonly port: number;
  /** Where jump hosts are looked up; the files of ssh_config come with them. */
  readonly knownHosts: readonly string[];
  readonly clock: Clock;
  /** Another file than the user's own. */
  readonly file?: string;
  readonly signal?: AbortSignal;
}

/** What the admin's ssh_config says of a node, where neither its row nor our settings say something else. */
export async function overlaySshConfig(
  node: Node,
  endpoint: Endpoint,
  options: SshConfigOptions,
): Promise<Endpoint> {
  const { file, signal } = options;
  const alias = await resolveAlias(endpoint.host, {
    ...(file === undefined ? {} : { file }),
    ...(signal === undefined ? {} : { signal }),
  });
  const named = alias.proxyJump === undefined ? [] : parseJumps(alias.proxyJump, alias.user);
  const files = [...options.knownHosts, ...alias.knownHosts.map(expand)];
  const jumps = await pinJumps(named, files, options.clock);
  const identities =
    options.identity.length > 0
      ? endpoint.identities
      : [...endpoint.identities, ...alias.identities.map(expand)];
  const us = { identities, agentSocket: endpoint.agentSocket, id: endpoint.id, proxyCommand: undefined };
  return {
    ...endpoint,
    host: alias.hostname,
    port: node.sshPort ?? (options.port === 22 ? alias.port : options.port),
    identities,
    jumps: endpoint.jumps.length > 0 ? endpoint.jumps : jumps.map((jump) => ({ ...us, ...jump, jumps: [] })),
    proxyCommand: endpoint.proxyCommand ?? alias.proxyCommand,
  };
}

function expand(path: string): string {
  return path.startsWith('~/') ? join(homedir(), path.slice(2)) : path;
}
