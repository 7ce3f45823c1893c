import type { HostsEntry } from './hosts-block.ts';

const titlePrefix = '# sync-controller names ';

/** A file of names for dnsmasq, in the form of /etc/hosts: each line answers for exactly its name, for nothing below it. */
export function emitDnsmasq(clusterId: string, entries: readonly HostsEntry[]): string {
  const head = [
    `${titlePrefix}${clusterId}`,
    '# Written by sync-controller; changes to this file are replaced.',
    ...(entries.length === 0 ? ['# The cluster serves no name.'] : []),
  ];
  const lines = entries
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ ip, name }) => `${ip}\t${name}`);
  return `${[...head, ...lines].join('\n')}\n`;
}

const titleLine = /^# sync-controller names ([a-z0-9-]{8,64})$/;
const entryLine = /^([0-9a-f.:]{2,45})\t([a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)$/;

/** Reads a file of ours back; undefined where it is not exactly one. */
export function readDnsmasq(
  text: string,
): { readonly clusterId: string; readonly entries: readonly HostsEntry[] } | undefined {
  const [first = '', ...rest] = text.split('\n');
  const clusterId = titleLine.exec(first)?.[1];
  if (clusterId === undefined || rest.pop() !== '') return undefined;
  const entries: HostsEntry[] = [];
  for (const line of rest) {
    if (line.startsWith('# ')) continue;
    const [, ip, name] = entryLine.exec(line) ?? [];
    if (ip === undefined || name === undefined) return undefined;
    entries.push({ ip, name });
  }
  return { clusterId, entries };
}
