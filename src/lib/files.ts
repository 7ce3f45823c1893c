import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { mkdir, open, readFile, stat } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { SyncError } from './errors.ts';
import { tempOf } from './stale-temps.ts';

export interface WriteOptions {
  /** Permission bits of a new file; an existing one keeps its own bits and owner. */
  readonly mode?: number;
  /** Runs between the finished temp file and the rename, in one turn of the event loop with it; throwing keeps the old file. */
  readonly beforeRename?: () => void;
}

/** Replaces a file so that a reader or a crash at any moment sees the whole old or the whole new bytes. */
export function writeAtomic(path: string, bytes: Uint8Array | string, options: WriteOptions = {}): void {
  const folder = dirname(path);
  const temp = tempOf(path);
  const old = statSync(path, { throwIfNoEntry: false });
  try {
    writeTemp(temp, bytes, old?.isFile() ? old : { mode: options.mode ?? 0o600 });
    options.beforeRename?.();
    renameSync(temp, path);
  } catch (error) {
    rmSync(temp, { force: true });
    throw error;
  }
  syncFolder(folder);
}

function writeTemp(
  temp: string,
  bytes: Uint8Array | string,
  like: { mode: number; uid?: number; gid?: number },
): void {
  const fd = openSync(temp, 'wx', 0o600);
  try {
    const buffer = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
    for (let done = 0; done < buffer.length;) done += writeSync(fd, buffer, done);
    keepOwner(fd, like);
    fchmodSync(fd, like.mode & 0o7777);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function keepOwner(fd: number, like: { uid?: number; gid?: number }): void {
  if (like.uid === undefined || like.gid === undefined) return;
  if (like.uid === process.geteuid?.() && like.gid === process.getegid?.()) return;
  try {
    fchownSync(fd, like.uid, like.gid);
  } catch {
    // Only root may give files away; whoever may write the folder may still replace the file under the own name.
  }
}

/** Makes a rename or creation inside a folder survive a power cut. */
export function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } catch (error) {
    // Some network and FUSE file systems refuse fsync on folders; the rename itself has happened.
    if (!hasCode(error, 'EINVAL', 'ENOTSUP', 'EISDIR')) throw error;
  } finally {
    closeSync(fd);
  }
}

/** The bytes of a file, or undefined where there is none; refuses one larger than `limitBytes` before reading it. */
export async function readLimited(path: string, limitBytes: number): Promise<Buffer | undefined> {
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      if (size > limitBytes) throw tooLarge(path, size, limitBytes);
      const bytes = await readFile(file);
      if (bytes.length > limitBytes) throw tooLarge(path, bytes.length, limitBytes);
      return bytes;
    } finally {
      await file.close();
    }
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function tooLarge(path: string, size: number, limit: number): SyncError {
  return new SyncError('data', `${path}: expected at most ${limit} bytes, got ${size}`);
}

/** What a two-generation file held: the newest generation whose digest agrees, and which ones were damaged. */
export interface Generations {
  readonly body: string | undefined;
  readonly generation: 'newest' | 'previous' | undefined;
  readonly damaged: readonly string[];
}

const digestLine = /^sha256 ([0-9a-f]{64})$/u;
const previousOf = (path: string): string => `${path}.previous`;

/** Writes a new generation with its digest as last line; a sound present one becomes `<path>.previous` first. */
export async function writeGenerations(path: string, body: string, limitBytes: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const present = await readGeneration(path, limitBytes);
  // A damaged newest must not push out the sound previous one.
  if (present.body !== undefined) writeAtomic(previousOf(path), seal(present.body));
  writeAtomic(path, seal(body));
}

/** Reads the newest sound generation. */
export async function readGenerations(path: string, limitBytes: number): Promise<Generations> {
  const damaged: string[] = [];
  for (const [generation, file] of [
    ['newest', path],
    ['previous', previousOf(path)],
  ] as const) {
    const found = await readGeneration(file, limitBytes);
    if (found.body !== undefined) return { body: found.body, generation, damaged };
    if (found.exists) damaged.push(file);
  }
  return { body: undefined, generation: undefined, damaged };
}

function seal(body: string): string {
  return `${body}\nsha256 ${createHash('sha256').update(body).digest('hex')}\n`;
}

async function readGeneration(
  path: string,
  limitBytes: number,
): Promise<{ exists: boolean; body: string | undefined }> {
  let bytes: Buffer | undefined;
  try {
    bytes = await readLimited(path, limitBytes);
  } catch {
    // Unreadable or oversized counts as damaged: the other generation may still be sound.
    return { exists: true, body: undefined };
  }
  if (bytes === undefined) return { exists: false, body: undefined };
  const text = bytes.toString('utf8');
  const cut = text.lastIndexOf('\n', text.length - 2);
  const said = digestLine.exec(text.slice(cut + 1, -1))?.[1];
  const body = text.slice(0, cut);
  return {
    exists: true,
    body:
      cut >= 0 && text.endsWith('\n') && said === createHash('sha256').update(body).digest('hex')
        ? body
        : undefined,
  };
}

/** True where a path names something. */
export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return false;
    throw error;
  }
}

/** True where a thrown value is a system error with one of the codes. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
