import { chmodSync, existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { SyncError } from './errors.ts';
import { execProgram } from './exec.ts';

// A history of some hundred megabytes packs in seconds, on a small box in minutes.
const deadlineMs = 600_000;

/**
 * Packs the content of a folder into a new `.tar.gz` that only its owner can read. @returns its size.
 * @throws SyncError `conflict` where the file is there already, `unavailable` where tar fails.
 */
export async function packFolder(folder: string, file: string): Promise<number> {
  mustBeNew(file);
  const temp = `${file}.part`;
  try {
    await tar(['-czf', temp, '-C', folder, '.']);
    chmodSync(temp, 0o600);
    renameSync(temp, file);
  } finally {
    rmSync(temp, { force: true });
  }
  return statSync(file).size;
}

/** Refuses to write over a file: what is there may be the only copy of something. */
export function mustBeNew(file: string): void {
  if (existsSync(file))
    throw new SyncError('conflict', `${file}: expected a new file, got one that exists`, {
      remedy: 'give another name, or remove it first',
    });
}

/**
 * Unpacks a `.tar.gz` into a folder.
 * @throws SyncError `data` where it is none.
 */
export async function unpackInto(file: string, folder: string): Promise<void> {
  try {
    await tar(['-xzf', file, '-C', folder, '--no-same-owner']);
  } catch (error) {
    if (!(error instanceof TarFailed)) throw error;
    throw new SyncError('data', `${file}: expected an archive (.tar.gz), got: ${error.message}`, {
      remedy: 'give a file that syncctl backup has written',
      cause: error,
    });
  }
}

class TarFailed extends SyncError {
  constructor(said: string) {
    super('unavailable', said, { remedy: 'make room where the archive goes' });
    this.name = 'TarFailed';
  }
}

async function tar(args: readonly string[]): Promise<void> {
  const { code, stderr } = await execProgram('tar', args, { deadlineMs });
  const said = stderr.toString('utf8').trim().split('\n')[0] ?? '';
  if (code !== 0) throw new TarFailed(said === '' ? `tar ended with ${String(code)}` : said);
}
