import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { unpackInto } from '../../lib/archive.ts';
import type { Clock } from '../../lib/clock.ts';
import { messageOf, SyncError } from '../../lib/errors.ts';
import { syncFolder } from '../../lib/files.ts';
import { acquireLock, type OsLock } from '../../lib/os-lock.ts';
import { proveDatabase } from './databases.ts';
import { proveManifest, type Manifest } from './manifest.ts';
import { asidePrefix, databases, replacedEntries, stateFiles } from './state-files.ts';

/** A backup that was proved sound and waits to be put in place. */
export interface PreparedRestore {
  /** What the backup says of itself; undefined for a folder that an earlier restore kept. */
  readonly manifest: Manifest | undefined;
  readonly files: readonly string[];
  /** Puts it in place. @returns where the state of before is now; undefined where there was none. */
  carryOut(): string | undefined;
  close(): Promise<void>;
}

export interface RestoreRequest {
  readonly stateDirectory: string;
  readonly file: string;
  readonly clock: Clock;
}

/**
 * Proves a backup and takes the lock of the state directory, so that no controller is running meanwhile.
 * @throws SyncError `conflict` naming who runs, `data` where the backup is not sound; nothing is changed then.
 */
export async function prepareRestore({
  stateDirectory,
  file,
  clock,
}: RestoreRequest): Promise<PreparedRestore> {
  if (!existsSync(file))
    throw new SyncError('notFound', `${file}: expected a backup, got no such file`, {
      remedy: 'give a file that syncctl backup has written',
    });
  mkdirSync(stateDirectory, { recursive: true, mode: 0o700 });
  const lock = await lockOf(stateDirectory, clock);
  let work: string | undefined;
  try {
    // Inside the state directory: what is proved there is put in place by renames alone.
    work = mkdtempSync(join(stateDirectory, '.restore-'));
    const kept = statSync(file).isDirectory();
    const manifest = kept ? undefined : await unpacked(file, work);
    if (kept) cpSync(file, join(work, 'state'), { recursive: true });
    return prepared({ stateDirectory, work, manifest, lock, clock });
  } catch (error) {
    if (work !== undefined) rmSync(work, { recursive: true, force: true });
    lock.release();
    throw error;
  }
}

async function lockOf(stateDirectory: string, clock: Clock): Promise<OsLock> {
  try {
    const path = join(stateDirectory, 'lock');
    return await acquireLock({ path, holder: 'syncctl restore', waitMs: 0, clock });
  } catch (error) {
    if (!(error instanceof SyncError) || error.exit !== 'conflict') throw error;
    throw new SyncError('conflict', `restore: expected that no controller runs, got: ${messageOf(error)}`, {
      remedy: 'sudo systemctl stop sync-controller, or wait until the command has ended',
      cause: error,
    });
  }
}

async function unpacked(file: string, work: string): Promise<Manifest> {
  await unpackInto(resolve(file), work);
  const manifest = proveManifest(work, file);
  const state = join(work, 'state');
  for (const name of databases) if (existsSync(join(state, name))) proveDatabase(join(state, name), name);
  return manifest;
}

function prepared(parts: {
  readonly stateDirectory: string;
  readonly work: string;
  readonly manifest: Manifest | undefined;
  readonly lock: OsLock;
  readonly clock: Clock;
}): PreparedRestore {
  const { stateDirectory, work, manifest, lock, clock } = parts;
  const state = join(work, 'state');
  return {
    manifest,
    files: stateFiles(state),
    carryOut: () => {
      const old = replacedEntries(stateDirectory);
      const aside = join(stateDirectory, `${asidePrefix}${stampOf(clock)}`);
      if (old.length > 0) mkdirSync(aside, { mode: 0o700 });
      for (const name of old) renameSync(join(stateDirectory, name), join(aside, name));
      for (const name of readdirSync(state)) renameSync(join(state, name), join(stateDirectory, name));
      syncFolder(stateDirectory);
      return old.length > 0 ? aside : undefined;
    },
    close: () => {
      rmSync(work, { recursive: true, force: true });
      lock.release();
      return Promise.resolve();
    },
  };
}

function stampOf(clock: Clock): string {
  return new Date(clock.now()).toISOString().replaceAll(/[-:.]/gu, '');
}
