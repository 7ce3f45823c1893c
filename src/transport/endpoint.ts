import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { SyncError } from '../lib/errors.ts';
import { nodeId } from '../model/node.ts';
import type { HostKeyPin, Node } from '../model/node.ts';
import { isPort, isSafeHost, isSafeUser } from './address.ts';
import type { Endpoint } from './transport.ts';

/** The name of the key that clusters of the predecessor made for us. */
export const dedicatedKeyName = 'mynodeone_id_ed25519';

/** A host to pass through, as settings name it. */
export interface Jump {
  readonly user: string;
  readonly host: string;
  readonly port: number;
}

export interface EndpointSettings {
  /** Private keys from the settings; empty means the dedicated key of root, then of the login user. */
  readonly identity: readonly string[];
  readonly agent: string | undefined;
  /** Port where a node's row names none. */
  readonly port: number;
  readonly jumps: readonly (Jump & { readonly pins: readonly HostKeyPin[] })[];
  readonly proxyCommand?: string | undefined;
}

/** What the process runs as; decides where keys are looked for. */
export interface Account {
  readonly env: NodeJS.ProcessEnv;
  readonly uid: number;
}

/** How to reach a node of the registry under these settings. */
export function endpointFor(node: Node, settings: EndpointSettings, account: Account): Endpoint {
  const identities = settings.identity.length > 0 ? settings.identity : dedicatedKeys(account);
  const agentSocket = settings.agent ?? account.env['SSH_AUTH_SOCK'];
  const us = {
    identities,
    agentSocket: agentSocket === '' ? undefined : agentSocket,
    proxyCommand: undefined,
  };
  return {
    ...us,
    id: node.id,
    host: node.address,
    port: node.sshPort ?? settings.port,
    user: node.sshUser,
    pins: node.hostKeys,
    jumps: settings.jumps.map((jump) => ({ ...us, ...jump, id: nodeId(node.type, jump.host), jumps: [] })),
    proxyCommand: settings.proxyCommand,
    ...(node.pull === true ? { pull: true } : {}),
  };
}

/** `~/.ssh/mynodeone_id_ed25519` of root, then of who logged in (and became root by sudo). */
export function dedicatedKeys(account: Account): readonly string[] {
  const own = account.env['HOME'] ?? homedir();
  const login = account.env['SUDO_USER'];
  const homes = [account.uid === 0 ? '/root' : own, login === undefined ? own : (homeOf(login) ?? own)];
  return [...new Set(homes)].map((home) => join(home, '.ssh', dedicatedKeyName));
}

/**
 * Reads `user@host:port,user@host`, the form of `ssh -J`; user and port may be left out.
 * @throws SyncError `config` naming the part that cannot be a host.
 */
export function parseJumps(text: string, fallbackUser: string): readonly Jump[] {
  return text.split(',').map((part) => {
    const [, user = fallbackUser, bracketed, plain, port = '22'] =
      /^(?:([^@]*)@)?(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/u.exec(part.trim()) ?? [];
    const host = bracketed ?? plain ?? '';
    if (isSafeUser(user) && isSafeHost(host) && isPort(Number(port)))
      return { user, host, port: Number(port) };
    throw new SyncError('config', `ssh.jump: expected user@host:port, got ${JSON.stringify(part)}`, {
      remedy: 'write the hosts to pass through as in ssh -J: admin@bastion:22',
    });
  });
}

function homeOf(user: string): string | undefined {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${user}:`));
  return line?.split(':')[5];
}
