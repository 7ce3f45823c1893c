import { lstatSync, realpathSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** One script of the predecessor that people and other scripts call. */
export interface EntryPoint {
  readonly path: string;
  /** Below `scripts/`, as the shim of ours is named. */
  readonly name: string;
  /** What takes its place: a call of ours, or nothing but a word, since it writes what we write. */
  readonly becomes: 'shim' | 'disarmed';
  /** True where that has happened already. */
  readonly replaced: boolean;
}

/** A clone of the predecessor on this machine. */
export interface Checkout {
  readonly path: string;
  readonly entries: readonly EntryPoint[];
}

/** Scripts whose documented words go on working: ours of the same name calls syncctl. */
const shims = [
  'lib/sync-controller.sh',
  'lib/node-registry-manager.sh',
  'lib/service-registry.sh',
  'lib/multi-domain-registry.sh',
  'manage-app-visibility.sh',
  'unregister-vps.sh',
  'remove-vps-edge-node.sh',
  'install-vps-edge-node.sh',
  'audit-registry-consistency.sh',
  'enable-sync-controller-service.sh',
] as const;

/** Scripts that write the files that are ours to write, and the one that would bring the predecessor's unit back. */
const disarmed = [
  'sync-vps-routes.sh',
  'sync-dns.sh',
  'update-laptop-dns.sh',
  'setup-client-dns.sh',
  'configure-app-dns.sh',
  'upgrade-sync-controller.sh',
] as const;

/** The second line of everything that we put in the place of a script. */
export const replacedLine = '# Replaced by sync-controller.';
/** The same on nodes; the control plane may be one. */
export const disarmedLine = '# Disarmed by sync-controller.';

/** The clones among some folders, each once, with their entry points. */
export async function findCheckouts(folders: readonly string[]): Promise<readonly Checkout[]> {
  const found: Checkout[] = [];
  for (const folder of folders) {
    const path = realPath(folder);
    if (path === undefined || found.some((known) => known.path === path)) continue;
    const entries: EntryPoint[] = [];
    for (const [names, becomes] of [
      [shims, 'shim'],
      [disarmed, 'disarmed'],
    ] as const)
      for (const name of names) {
        const entry = await entryAt(join(path, 'scripts', name), name, becomes);
        if (entry !== undefined) entries.push(entry);
      }
    if (entries.length > 0) found.push({ path, entries });
  }
  return found;
}

async function entryAt(
  path: string,
  name: string,
  becomes: EntryPoint['becomes'],
): Promise<EntryPoint | undefined> {
  if (lstatSync(path, { throwIfNoEntry: false })?.isFile() !== true) return undefined;
  const text = await readFile(path, 'utf8').catch(() => '');
  // A clone of ours has files of the same names: those call syncctl already.
  if (text.includes('find-syncctl.sh') || /^# check: /mu.test(text)) return undefined;
  return { path, name, becomes, replaced: isReplaced(text) };
}

/** True for a text that stands in the place of a script. */
export function isReplaced(text: string): boolean {
  const second = text.split('\n', 2)[1] ?? '';
  return second.startsWith(replacedLine) || second.startsWith(disarmedLine);
}

function realPath(folder: string): string | undefined {
  try {
    return realpathSync(folder);
  } catch {
    return undefined;
  }
}
