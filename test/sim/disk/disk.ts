import type { Dice } from '../kernel/dice.ts';

/** The bytes of one file: what readers see, and what has reached the platter. */
export interface Inode {
  data: Buffer;
  synced: Buffer;
  mode: number;
}

/** A change of names in a folder that a power cut may still undo. */
interface NameChange {
  readonly folder: string;
  readonly path: string;
  readonly inode: Inode | undefined;
}

/** An error as node:fs throws it. */
export function fsError(code: string, what: string): Error {
  return Object.assign(new Error(`${code}: ${what}`), { code });
}

/**
 * One machine's disk. A killed process loses nothing that it wrote; a power cut loses what was not synced: bytes without fsync
 * may be missing or torn, and a rename without fsync of its folder may not have happened.
 */
export class Disk {
  readonly files = new Map<string, Inode>();
  readonly folders = new Set<string>(['/']);
  /** Databases by path; what they acknowledged is on the platter. */
  readonly databases = new Map<string, unknown>();
  readonly locks = new Map<string, object>();
  full = false;
  /** What is written does not reach the platter: every fsync says so. */
  failing = false;
  /** Writes refused because the disk was full, so that a test can tell that it mattered. */
  refused = 0;
  private pending: NameChange[] = [];
  private platter = new Map<string, Inode>();

  /** What a write has to pass. */
  mustHaveRoom(path: string): void {
    if (!this.full) return;
    this.refused += 1;
    throw fsError('ENOSPC', `no space left on device, write '${path}'`);
  }

  /** What an fsync has to pass. */
  mustReach(path: string): void {
    if (!this.failing) return;
    this.refused += 1;
    throw fsError('EIO', `i/o error, fsync '${path}'`);
  }

  name(path: string, inode: Inode | undefined): void {
    if (inode === undefined) this.files.delete(path);
    else this.files.set(path, inode);
    this.pending.push({ folder: folderOf(path), path, inode });
  }

  /** fsync of a folder: its names are on the platter from here on. */
  syncFolder(folder: string): void {
    for (const change of this.pending) if (change.folder === folder) this.settle(change);
    this.pending = this.pending.filter((change) => change.folder !== folder);
  }

  /** The power goes: what was not synced is there, torn, or gone, as the dice fall. */
  powerCut(dice: Dice): void {
    const survives = dice.int(0, this.pending.length);
    for (const change of this.pending.slice(0, survives)) this.settle(change);
    this.pending = [];
    this.files.clear();
    for (const [path, inode] of this.platter) {
      if (!inode.data.equals(inode.synced)) inode.data = torn(inode, dice);
      inode.synced = inode.data;
      this.files.set(path, inode);
    }
  }

  /** The state directory is lost, with everything under it. */
  erase(folder: string): void {
    for (const path of [...this.files.keys()]) if (path.startsWith(`${folder}/`)) this.files.delete(path);
    for (const path of [...this.platter.keys()]) if (path.startsWith(`${folder}/`)) this.platter.delete(path);
    for (const path of [...this.databases.keys()])
      if (path.startsWith(`${folder}/`)) this.databases.delete(path);
    this.pending = [];
  }

  private settle({ path, inode }: NameChange): void {
    if (inode === undefined) this.platter.delete(path);
    else this.platter.set(path, inode);
  }
}

/** The folder of a path. */
export function folderOf(path: string): string {
  const cut = path.lastIndexOf('/');
  return cut <= 0 ? '/' : path.slice(0, cut);
}

function torn(inode: Inode, dice: Dice): Buffer {
  switch (dice.int(0, 2)) {
    case 0:
      return inode.synced;
    case 1:
      return inode.data;
    default:
      return inode.data.subarray(0, dice.int(0, inode.data.length));
  }
}
