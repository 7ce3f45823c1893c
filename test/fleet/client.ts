import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Fleet, FleetNode } from './types.ts';

/** The n-th of a list, with an error instead of undefined. */
export function nth<T>(items: readonly T[]): (index: number) => T {
  return (index) => {
    const item = items[index];
    if (item === undefined)
      throw new Error(`fleet: there is no node ${String(index)}; the fleet has ${String(items.length)}`);
    return item;
  };
}

/** Makes a second call share the first one's end. */
export function onlyOnce(action: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => (running ??= action());
}

function knownHostsLines(node: FleetNode): readonly string[] {
  const bracket = (address: string): string =>
    node.port === 22 ? address : `[${address}]:${String(node.port)}`;
  const hosts = [node.address, ...(node.address6 === undefined ? [] : [node.address6])]
    .map(bracket)
    .join(',');
  return node.hostKeys.map((line) => `${hosts} ${line}\n`);
}

/** Writes the client's key and its known_hosts file. */
export async function writeClient(
  folder: string,
  privateKey: string,
  nodes: readonly FleetNode[],
): Promise<Pick<Fleet, 'clientKey' | 'knownHosts'>> {
  const [clientKey, knownHosts] = [join(folder, 'id_ed25519'), join(folder, 'known_hosts')];
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(clientKey, privateKey, { mode: 0o600 });
  await writeFile(knownHosts, nodes.flatMap(knownHostsLines).join(''));
  return { clientKey, knownHosts };
}

/** The real OpenSSH client for one node, as an argument list to which a command is added; strict about host keys. */
export function sshArguments(
  fleet: Fleet,
  node: FleetNode,
  options: { readonly user?: string; readonly ssh?: Readonly<Record<string, string>> } = {},
): readonly string[] {
  const settings = {
    ...{ BatchMode: 'yes', IdentitiesOnly: 'yes', StrictHostKeyChecking: 'yes', LogLevel: 'ERROR' },
    ...{ UserKnownHostsFile: fleet.knownHosts, GlobalKnownHostsFile: '/dev/null', ConnectTimeout: '10' },
    ...options.ssh,
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  const target = `${options.user ?? node.user}@${node.address}`;
  return ['ssh', '-F', 'none', '-i', fleet.clientKey, '-p', String(node.port), ...flags, target, '--'];
}
