// What nodes hold and remember, read from their own files.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileOn, type Rig } from '../../e2e/rig.ts';

/** One record of a node's journal: what was accepted, or what was installed. */
export interface Mark {
  readonly word: 'fence' | 'installed';
  readonly epoch: number;
  readonly writer: string;
  readonly seq: number;
  readonly sha: string;
}

export const routesFile = 'home/node/traefik/config/mynodeone-routes.yml';
const block = /^# BEGIN sync-controller ([a-z0-9-]+)\n[^]*?^# END sync-controller \1\n/mu;
const form = /^SC1 (fence|installed) (\d+) (\w+) (\d+) (\w{64}) /u;

/** The managed bytes of a node: the block of a hosts file, or the whole routes file; empty where there is none. */
export function managed(rig: Rig, index: number): string {
  if (isVps(rig, index)) return fileOn(rig.node(index), routesFile);
  return block.exec(fileOn(rig.node(index), 'etc/hosts'))?.[0] ?? '';
}

export function isVps(rig: Rig, index: number): boolean {
  return rig.node(index).name.startsWith('vps');
}

/** Everything of a hosts file that is not ours. */
export function foreign(rig: Rig, index: number): string {
  return fileOn(rig.node(index), 'etc/hosts').replace(block, '');
}

/** The valid records of a node, oldest first. */
export function marks(rig: Rig, index: number): readonly Mark[] {
  const clusters = join(rig.node(index).rootDir, 'var/lib/sync-controller/clusters');
  const kind = isVps(rig, index) ? 'traefik-routes' : 'hosts';
  if (!existsSync(clusters)) return [];
  return readdirSync(clusters).flatMap((cluster) =>
    fileOn(rig.node(index), `var/lib/sync-controller/clusters/${cluster}/${kind}/journal`)
      .split('\n')
      .flatMap((line) => markIn(line) ?? []),
  );
}

function markIn(line: string): Mark | undefined {
  const [half = '', other] = line.split(' | ');
  const [, word, epoch, writer, seq, sha] = form.exec(half) ?? [];
  if (half !== other || word === undefined) return undefined;
  return {
    word: word === 'fence' ? 'fence' : 'installed',
    epoch: Number(epoch),
    writer: writer ?? '',
    seq: Number(seq),
    sha: sha ?? '',
  };
}

/** The newest record of a word. */
export function newest(rig: Rig, index: number, word: Mark['word']): Mark | undefined {
  return marks(rig, index)
    .filter((mark) => mark.word === word)
    .at(-1);
}

export const digest = (bytes: string): string => createHash('sha256').update(bytes).digest('hex');

/** Temp files of receivers, which sweep what dead requests have left before they work. */
export function leftovers(rig: Rig, index: number): readonly string[] {
  const { rootDir } = rig.node(index);
  return ['etc', 'var/lib/sync-controller', 'home/node/traefik'].flatMap((folder) => {
    const path = join(rootDir, folder);
    if (!existsSync(path)) return [];
    return readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.includes('.sync-controller.'),
    );
  });
}

/** Host process ids of receivers that run on the nodes of a rig. */
export function receivers(rig: Rig): readonly number[] {
  const own = new Set(rig.fleet.nodes.map(({ pid }) => spaceOf(pid)));
  return readdirSync('/proc')
    .filter((name) => /^\d+$/u.test(name))
    .map(Number)
    .filter((pid) => commandOf(pid).includes('sync-controller/receive') && own.has(spaceOf(pid)));
}

/** The name space of process ids that a process lives in; empty where it is gone. */
function spaceOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${String(pid)}/ns/pid`);
  } catch {
    return '';
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
