/** One line of the managed block. */
export interface HostsEntry {
  readonly ip: string;
  readonly name: string;
}

const comment = '# Written by sync-controller; changes between these two marks are replaced.';

/** The marker lines of a cluster's block. */
export function markers(clusterId: string): { readonly begin: string; readonly end: string } {
  return { begin: `# BEGIN sync-controller ${clusterId}`, end: `# END sync-controller ${clusterId}` };
}

/** The managed block of /etc/hosts, markers included. Equal entries give equal bytes: no date, names in code-point order. */
export function emitHosts(clusterId: string, entries: readonly HostsEntry[]): string {
  const { begin, end } = markers(clusterId);
  const lines = entries
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ ip, name }) => `${ip}\t${name}`);
  return `${[begin, comment, ...lines, end].join('\n')}\n`;
}

const beginLine = /^# BEGIN sync-controller ([a-z0-9-]{8,64})$/;
const entryLine = /^([0-9a-f.:]{2,45})\t([a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)$/;

/** Reads a block of ours back; undefined where it is not exactly one. */
export function readHosts(
  text: string,
): { readonly clusterId: string; readonly entries: readonly HostsEntry[] } | undefined {
  const lines = text.split('\n');
  const clusterId = beginLine.exec(lines[0] ?? '')?.[1];
  if (clusterId === undefined || lines.at(-1) !== '' || lines.at(-2) !== markers(clusterId).end)
    return undefined;
  const entries: HostsEntry[] = [];
  for (const line of lines.slice(1, -2)) {
    if (line.startsWith('# ') && !/^# (?:BEGIN|END) /.test(line)) continue;
    const [, ip, name] = entryLine.exec(line) ?? [];
    if (ip === undefined || name === undefined) return undefined;
    entries.push({ ip, name });
  }
  return { clusterId, entries };
}
