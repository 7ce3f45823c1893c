import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { SyncError } from '../../lib/errors.ts';
import { execProgram } from '../../lib/exec.ts';

/** Makes the pair of keys that logs in to nodes. An existing file is never touched: ssh-keygen itself refuses. */
export async function makeLoginKey(path: string): Promise<void> {
  if (existsSync(path)) return;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const comment = `sync-controller@${hostname()}`;
  const args = ['-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', path];
  const made = await execProgram('ssh-keygen', args, { deadlineMs: 30_000 });
  if (made.code === 0) return;
  throw new SyncError(
    'failure',
    `ssh-keygen: expected a key at ${path}, got: ${made.stderr.toString('utf8').trim()}`,
    { remedy: `sudo apt-get install -y openssh-client, or look at the disk: df -h ${dirname(path)}` },
  );
}
