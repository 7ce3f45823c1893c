import { offerFor, readPins } from './host-keys.ts';
import { hopsOf } from './hops.ts';
import type { TransportSettings } from './settings.ts';
import type { Endpoint } from './transport.ts';

/** Where the files of one session are; made by the adapter, private to us. */
export interface OpensshFiles {
  /** The socket on which the session takes commands. */
  readonly control: string;
  /** One file of pinned host keys per hop, outermost first, the node's own last. */
  readonly knownHosts: readonly string[];
}

export interface OpensshOptions {
  readonly settings: TransportSettings;
  readonly files: OpensshFiles;
  /** Also read the machine's ssh_config; without it nothing but what stands here decides. */
  readonly useSshConfig: boolean;
}

/** What a session prints once it is logged in. */
export const readyMark = 'sync-controller-ready';

/** The name under which a hop's pins stand: spellings of an address do not matter, and what ssh says names the hop. */
export function hostKeyAlias(endpoint: Endpoint): string {
  return `sync-controller-hop-${String(endpoint.jumps.length)}`;
}

/** Text of a known_hosts file that holds one hop's pins and nothing else. */
export function knownHostsText(hop: Endpoint): string {
  return readPins(hop.pins)
    .map(({ type, blob }) => `${hostKeyAlias(hop)} ${type} ${blob.toString('base64')}\n`)
    .join('');
}

/** Arguments of the `ssh` that logs in and then holds the session open. */
export function sessionArgs(endpoint: Endpoint, options: OpensshOptions): readonly string[] {
  const { control } = options.files;
  const way = proxyFor(endpoint, options);
  const set = {
    ...commonOptions(endpoint, options, options.files.knownHosts.at(-1) ?? '/dev/null'),
    ControlMaster: 'yes',
    ControlPath: percent(control),
    ControlPersist: 'no',
    ClearAllForwardings: 'yes',
    ...(way === undefined ? {} : { ProxyCommand: way }),
    PermitLocalCommand: 'yes',
    LocalCommand: `echo ${readyMark}`,
  };
  return [...head(options), ...flags(set), '-N', '-T', ...destination(endpoint, options)];
}

/** Arguments of the `ssh` that runs one command on an open session, and can never open a connection of its own. */
export function commandArgs(endpoint: Endpoint, command: string, options: OpensshOptions): readonly string[] {
  const set = {
    BatchMode: 'yes',
    ControlMaster: 'no',
    ControlPath: percent(options.files.control),
    ProxyCommand: 'false',
    RequestTTY: 'no',
    EscapeChar: 'none',
    LogLevel: 'ERROR',
  };
  return ['-F', 'none', ...flags(set), '-T', ...destination(endpoint, options), command];
}

function commonOptions(
  endpoint: Endpoint,
  { settings }: OpensshOptions,
  knownHosts: string,
): Record<string, string> {
  const { agentSocket, pins } = endpoint;
  return {
    BatchMode: 'yes',
    StrictHostKeyChecking: 'yes',
    UserKnownHostsFile: quoted(percent(knownHosts)),
    GlobalKnownHostsFile: '/dev/null',
    HostKeyAlias: hostKeyAlias(endpoint),
    HostKeyAlgorithms: offerFor(readPins(pins)).join(','),
    IgnoreUnknown: 'KnownHostsCommand',
    KnownHostsCommand: 'none',
    CheckHostIP: 'no',
    UpdateHostKeys: 'no',
    VerifyHostKeyDNS: 'no',
    PreferredAuthentications: 'publickey',
    // With `yes` ssh would hold back those keys of an agent that no file names.
    IdentitiesOnly: agentSocket === undefined ? 'yes' : 'no',
    IdentityAgent: agentSocket === undefined ? 'none' : quoted(percent(agentSocket)),
    ConnectTimeout: String(Math.ceil(settings.dialMs / 1_000)),
    ConnectionAttempts: '1',
    ServerAliveInterval: String(Math.ceil(settings.keepaliveMs / 1_000)),
    ServerAliveCountMax: String(settings.keepaliveCount),
    ForwardAgent: 'no',
    ForwardX11: 'no',
    RequestTTY: 'no',
    LogLevel: 'ERROR',
  };
}

/** The program that connects to the node: the admin's own, or one `ssh -W` per hop, each strict about its own pins. */
function proxyFor(endpoint: Endpoint, options: OpensshOptions): string | undefined {
  const outer = endpoint.jumps.length - 1;
  const hop = hopsOf(endpoint)[outer];
  if (hop === undefined) return endpoint.proxyCommand;
  const way = proxyFor(hop, options);
  const set = {
    ...commonOptions(hop, options, options.files.knownHosts[outer] ?? '/dev/null'),
    ControlMaster: 'no',
    ControlPath: 'none',
    ...(way === undefined ? {} : { ProxyCommand: way }),
  };
  const words = ['ssh', ...head(options), ...flags(set), '-W', '\u0000', ...destination(hop, options)];
  return words.map((word) => (word === '\u0000' ? "'[%h]:%p'" : shellWord(percent(word)))).join(' ');
}

function head({ useSshConfig }: OpensshOptions): readonly string[] {
  return useSshConfig ? [] : ['-F', 'none'];
}

function flags(set: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(set).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
}

function destination(endpoint: Endpoint, { settings }: OpensshOptions): readonly string[] {
  const offered = endpoint.identities.slice(0, settings.maxKeys);
  const keys = offered.flatMap((path) => ['-o', `IdentityFile=${quoted(percent(path))}`]);
  return [...keys, '-p', String(endpoint.port), '-l', endpoint.user, '--', endpoint.host];
}

/** ssh expands `%x` in most values. */
function percent(text: string): string {
  return text.replaceAll('%', '%%');
}

/** ssh splits such values at blanks. */
function quoted(path: string): string {
  return `"${path}"`;
}

function shellWord(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/u.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
