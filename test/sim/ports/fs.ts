// node:fs as the product sees it in the simulator: the disk of the machine on which the running process lives.
import { folderOf, fsError, type Inode } from '../disk/disk.ts';
import { mustRun } from '../kernel/process.ts';

interface Open {
  readonly path: string;
  readonly inode: Inode | undefined;
  readonly writes: boolean;
}

const open = new Map<number, Open>();
let nextFd = 100;

const disk = () => {
  const process = mustRun();
  process.touch();
  return process.machine.disk;
};
const opened = (fd: number): Open => {
  const found = open.get(fd);
  if (found === undefined) throw fsError('EBADF', 'bad file descriptor');
  return found;
};
const inodeOf = (fd: number): Inode => {
  const { inode } = opened(fd);
  if (inode === undefined) throw fsError('EISDIR', 'illegal operation on a directory');
  return inode;
};

export function openSync(path: string, flags = 'r', mode = 0o666): number {
  const here = disk();
  if (here.folders.has(path)) return put({ path, inode: undefined, writes: false });
  const present = here.files.get(path);
  if (flags === 'r') {
    if (present === undefined) throw fsError('ENOENT', `no such file or directory, open '${path}'`);
    return put({ path, inode: present, writes: false });
  }
  here.mustHaveRoom(path);
  if (flags === 'wx' && present !== undefined) throw fsError('EEXIST', `file already exists, open '${path}'`);
  if (!here.folders.has(folderOf(path))) throw fsError('ENOENT', `no such file or directory, open '${path}'`);
  const inode = present ?? { data: Buffer.alloc(0), synced: Buffer.alloc(0), mode };
  if (flags.startsWith('w')) inode.data = Buffer.alloc(0);
  if (present === undefined) here.name(path, inode);
  return put({ path, inode, writes: true });
}

function put(file: Open): number {
  nextFd += 1;
  open.set(nextFd, file);
  return nextFd;
}

export function closeSync(fd: number): void {
  open.delete(fd);
}

export function writeSync(fd: number, bytes: Buffer | string, offset = 0): number {
  const inode = inodeOf(fd);
  disk().mustHaveRoom(opened(fd).path);
  const given = typeof bytes === 'string' ? Buffer.from(bytes) : bytes.subarray(offset);
  inode.data = Buffer.concat([inode.data, given]);
  return given.length;
}

export function fsyncSync(fd: number): void {
  const here = disk();
  const { path, inode } = opened(fd);
  here.mustReach(path);
  if (inode === undefined) here.syncFolder(path);
  else inode.synced = inode.data;
}

export function fchmodSync(fd: number, mode: number): void {
  inodeOf(fd).mode = mode;
}

export function fchownSync(): void {
  // One user owns everything here.
}

export function renameSync(from: string, to: string): void {
  const here = disk();
  const inode = here.files.get(from);
  if (here.databases.has(from)) {
    here.databases.set(to, here.databases.get(from));
    here.databases.delete(from);
  }
  if (inode === undefined) throw fsError('ENOENT', `no such file or directory, rename '${from}'`);
  here.name(to, inode);
  here.name(from, undefined);
}

export function rmSync(path: string, options: { force?: boolean } = {}): void {
  const here = disk();
  if (here.files.has(path)) here.name(path, undefined);
  else if (options.force !== true) throw fsError('ENOENT', `no such file or directory, rm '${path}'`);
}

export const unlinkSync = rmSync;

export function mkdirSync(path: string, options: { recursive?: boolean } = {}): void {
  const here = disk();
  if (options.recursive !== true && here.folders.has(path)) throw fsError('EEXIST', `mkdir '${path}'`);
  for (let folder = path; !here.folders.has(folder); folder = folderOf(folder)) here.folders.add(folder);
}

export function existsSync(path: string): boolean {
  const here = disk();
  return here.files.has(path) || here.folders.has(path) || here.databases.has(path);
}

export function readdirSync(path: string): string[] {
  const here = disk();
  if (!here.folders.has(path)) throw fsError('ENOENT', `no such file or directory, scandir '${path}'`);
  return [...here.files.keys(), ...here.databases.keys()]
    .filter((file) => folderOf(file) === path)
    .map((file) => file.slice(path.length + 1))
    .sort();
}

export function readFileSync(path: string, encoding?: string | { encoding?: string }): Buffer | string {
  const inode = disk().files.get(path);
  if (inode === undefined) throw fsError('ENOENT', `no such file or directory, open '${path}'`);
  return encoding === undefined ? Buffer.from(inode.data) : inode.data.toString('utf8');
}

export function writeFileSync(path: string, bytes: Buffer | string): void {
  const fd = openSync(path, 'w');
  writeSync(fd, Buffer.from(bytes));
  closeSync(fd);
}

interface Stat {
  readonly size: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  isFile(): boolean;
  isDirectory(): boolean;
}

function statOf(path: string): Stat | undefined {
  const here = disk();
  const inode = here.files.get(path);
  const isFolder = here.folders.has(path);
  if (inode === undefined && !isFolder) return undefined;
  return {
    size: inode?.data.length ?? 4096,
    mode: inode?.mode ?? 0o700,
    uid: 0,
    gid: 0,
    isFile: () => inode !== undefined,
    isDirectory: () => isFolder,
  };
}

export function statSync(path: string, options: { throwIfNoEntry?: boolean } = {}): Stat | undefined {
  const found = statOf(path);
  if (found === undefined && options.throwIfNoEntry !== false)
    throw fsError('ENOENT', `no such file or directory, stat '${path}'`);
  return found;
}

export const lstatSync = statSync;
export const fstatSync = (fd: number): Stat | undefined => statSync(opened(fd).path);
export const realpathSync = (path: string): string => path;
export const constants = { O_RDONLY: 0, O_NOFOLLOW: 0, O_NONBLOCK: 0, R_OK: 4, W_OK: 2 };

export function readSync(): never {
  throw new Error('sim: readSync is not modelled');
}

export function watch(): never {
  throw new Error('sim: fs.watch is not modelled; the simulator runs the Kubernetes source');
}
