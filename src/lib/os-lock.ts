import { mkdirSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from './clock.ts';
import { messageOf, SyncError } from './errors.ts';
import { hasCode, writeAtomic } from './files.ts';
import { printable } from './text.ts';

/** A lock the kernel holds for this process: released by `release`, and by the death of the process in any way. */
export interface OsLock extends Disposable {
  release(): void;
}

export interface LockRequest {
  /** An empty file of its own; it stays when the lock is released. */
  readonly path: string;
  /** Who we are, for the one that has to wait: `syncctl push (pid 4711)`. */
  readonly holder: string;
  /** How long to wait for another holder; 0 tries once. */
  readonly waitMs: number;
  readonly clock: Clock;
}

/**
 * Takes the lock or refuses with exit `conflict` and the holder's name.
 *
 * Node has no flock, and a lock file with a process id in it needs guesses about who died. SQLite takes a POSIX lock on
 * an empty file when it begins an exclusive transaction: no process start, 0.1 ms, and no stale lock is possible.
 */
export async function acquireLock(request: LockRequest, signal?: AbortSignal): Promise<OsLock> {
  const { path, clock } = request;
  const { DatabaseSync } = await import('node:sqlite');
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const until = clock.monotonic() + request.waitMs;
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, 25)) {
    signal?.throwIfAborted();
    const database = tryLock(DatabaseSync, path);
    if (database !== undefined) return held(database, request);
    if (clock.monotonic() >= until) throw await refusal(path);
    await clock.sleep(pauseMs, signal);
  }
}

type Database = InstanceType<typeof import('node:sqlite').DatabaseSync>;

const sqliteBusy = 5;

function tryLock(DatabaseSync: new (path: string) => Database, path: string): Database | undefined {
  let database: Database | undefined;
  try {
    database = new DatabaseSync(path);
    database.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof Error && 'errcode' in error && error.errcode === sqliteBusy) return undefined;
    const remedy = `check that you may write to ${dirname(path)} and that ${path} is an empty file`;
    throw new SyncError('permission', `the lock ${path} cannot be taken: ${messageOf(error)}`, {
      cause: error,
      remedy,
    });
  }
}

const noteOf = (path: string): string => `${path}.holder`;

function held(database: Database, { path, holder }: LockRequest): OsLock {
  let released = false;
  // A courtesy for the loser's message only; the lock does not depend on it.
  if (holder !== '') tryQuietly(() => writeAtomic(noteOf(path), `${holder}\n`, { mode: 0o644 }));
  const release = (): void => {
    if (released) return;
    released = true;
    if (holder !== '') tryQuietly(() => rmSync(noteOf(path), { force: true }));
    database.close();
  };
  return { release, [Symbol.dispose]: release };
}

function tryQuietly(act: () => void): void {
  try {
    act();
  } catch {
    // The note is optional.
  }
}

/** Who holds the lock by its own word, or undefined where nobody left a note. */
export async function lockHolder(path: string): Promise<string | undefined> {
  try {
    return printable((await readFile(noteOf(path), 'utf8')).slice(0, 200).trim());
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

async function refusal(path: string): Promise<SyncError> {
  const holder = (await lockHolder(path)) ?? 'another process';
  return new SyncError(
    'conflict',
    `${path}: expected no other controller, got one that holds the lock: ${holder}`,
    {
      remedy: 'wait until it has finished, or stop it',
    },
  );
}
