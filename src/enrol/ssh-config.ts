import { SyncError } from '../lib/errors.ts';
import { execProgram } from '../lib/exec.ts';
import { isPort, isSafeHost, isSafeUser } from '../transport/address.ts';

/** What the admin's ssh_config says of one alias. */
export interface SshAlias {
  readonly hostname: string;
  readonly port: number;
  readonly user: string;
  /** Absolute or `~/…` paths, as ssh prints them. */
  readonly identities: readonly string[];
  /** As in `ssh -J`; undefined where there is none. */
  readonly proxyJump: string | undefined;
  readonly proxyCommand: string | undefined;
  readonly knownHosts: readonly string[];
}

/**
 * Resolves an alias as ssh would. `Match exec` in the admin's file runs commands then: for commands of a person, never in the daemon.
 * @throws SyncError `data` where the alias is no host name, `unavailable` where ssh refuses it.
 */
export async function resolveAlias(
  alias: string,
  options: { readonly file?: string; readonly signal?: AbortSignal } = {},
): Promise<SshAlias> {
  if (!isSafeHost(alias)) {
    throw new SyncError('data', `ssh alias: expected a host name, got ${JSON.stringify(alias.slice(0, 80))}`);
  }
  const from = options.file === undefined ? [] : ['-F', options.file];
  const ended = await execProgram('ssh', [...from, '-G', '--', alias], {
    deadlineMs: 10_000,
    env: { ...process.env, LC_ALL: 'C' },
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  if (ended.code === 0) return parseAlias(ended.stdout.toString('utf8'), alias);
  throw new SyncError(
    'unavailable',
    `ssh -G ${alias}: expected exit 0, got ${String(ended.code)}: ${ended.stderr.toString('utf8').trim()}`,
    {
      remedy: `mend the file that ssh names, then try: ssh -G ${alias}`,
    },
  );
}

/** Reads the output of `ssh -G`: one lower-case keyword and its value a line; some keywords come several times. */
export function parseAlias(text: string, alias: string): SshAlias {
  const values = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const space = line.indexOf(' ');
    if (space < 0) continue;
    const name = line.slice(0, space);
    values.set(name, [...(values.get(name) ?? []), line.slice(space + 1)]);
  }
  const one = (name: string): string | undefined => {
    const value = values.get(name)?.[0];
    return value === undefined || value === 'none' || value === '' ? undefined : value;
  };
  const port = Number(one('port') ?? '22');
  const hostname = one('hostname') ?? alias;
  const user = one('user') ?? 'root';
  if (!isSafeHost(hostname) || !isPort(port) || !isSafeUser(user)) {
    throw new SyncError(
      'data',
      `ssh -G ${alias}: expected a host, a port and a user, got ${JSON.stringify({ hostname, port, user })}`,
    );
  }
  return {
    hostname,
    port,
    user,
    identities: (values.get('identityfile') ?? []).filter((path) => path !== 'none'),
    proxyJump: one('proxyjump'),
    proxyCommand: one('proxycommand'),
    knownHosts: (one('userknownhostsfile') ?? '').split(' ').filter((path) => path !== ''),
  };
}
