import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { mustBeNew, packFolder } from '../../lib/archive.ts';
import { isoSeconds, type Clock } from '../../lib/clock.ts';
import { SyncError } from '../../lib/errors.ts';
import { hasCode } from '../../lib/files.ts';
import { version } from '../../lib/version.ts';
import { copyDatabase, proveDatabase } from './databases.ts';
import { filesOf, type Manifest } from './manifest.ts';
import { databases, stateFiles } from './state-files.ts';

export interface BackupRequest {
  readonly stateDirectory: string;
  readonly file: string;
  readonly clock: Clock;
}

/** Saves the state of a controller into one file; a daemon goes on working meanwhile. @returns what was saved, and the size of the file. */
export async function writeBackup({
  stateDirectory,
  file,
  clock,
}: BackupRequest): Promise<Manifest & { readonly size: number }> {
  mustBeNew(file);
  if (!existsSync(stateDirectory))
    throw new SyncError('notFound', `${stateDirectory}: expected the state of a controller, got none`, {
      remedy: 'start the daemon, or name its state directory with --config',
    });
  // Beside the file: there must be room there in any case, and the copy is as private as the original.
  const folder = begin(file);
  try {
    const state = join(folder, 'state');
    const paths = stateFiles(stateDirectory);
    for (const path of paths) await copy(path, stateDirectory, state);
    const manifest: Manifest = {
      format: 'sync-controller-backup-1',
      version,
      at: isoSeconds(clock.now()),
      host: hostname(),
      files: filesOf(
        state,
        paths.filter((path) => existsSync(join(state, path))),
      ),
    };
    writeFileSync(join(folder, 'manifest.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
    return { ...manifest, size: await packFolder(folder, file) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function begin(file: string): string {
  try {
    const folder = mkdtempSync(join(dirname(file), '.syncctl-'));
    mkdirSync(join(folder, 'state'), { mode: 0o700 });
    return folder;
  } catch (error) {
    throw new SyncError('permission', `${dirname(file)}: expected a folder that can be written, got none`, {
      remedy: 'give a file in a folder that exists and that you may write',
      cause: error,
    });
  }
}

async function copy(path: string, from: string, to: string): Promise<void> {
  mkdirSync(dirname(join(to, path)), { recursive: true, mode: 0o700 });
  const name = databases.find((database) => database === path);
  if (name !== undefined) {
    await copyDatabase(join(from, path), join(to, path));
    proveDatabase(join(to, path), name);
    return;
  }
  try {
    // Each of these files is replaced by a rename: a copy is the old or the new one, whole.
    copyFileSync(join(from, path), join(to, path));
  } catch (error) {
    // One that went meanwhile is not part of the state any more.
    if (!hasCode(error, 'ENOENT')) throw error;
  }
}
