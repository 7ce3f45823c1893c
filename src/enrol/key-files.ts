import { chown, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SyncError } from '../lib/errors.ts';
import { execProgram } from '../lib/exec.ts';
import { hasCode, syncFolder } from '../lib/files.ts';
import type { Random } from '../lib/random.ts';
import { fingerprintOf, keyLine, parseHostKey } from '../transport/host-keys.ts';

/** The public side of one generation of the controller's own key. */
export interface DedicatedKey {
  readonly generation: number;
  /** Path of the private key; it never leaves this machine. */
  readonly path: string;
  /** Base64 of the public key. */
  readonly blob: string;
  readonly fingerprint: string;
}

/** Where the controller keeps the keys that can do one thing: one pair a generation, the newest is the one in force. */
export function identityFolder(stateDirectory: string): string {
  return join(stateDirectory, 'identity');
}

/** The private key of a generation. */
export function keyPath(stateDirectory: string, generation: number): string {
  return join(identityFolder(stateDirectory), `id_ed25519.${String(generation)}`);
}

/** All pairs that are whole, oldest first. */
export async function keysIn(stateDirectory: string): Promise<readonly DedicatedKey[]> {
  const names = await readdir(identityFolder(stateDirectory)).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  });
  return Promise.all(generationsOf(names).map((generation) => readKey(stateDirectory, generation)));
}

/** The generations whose private key is among the names of a folder, oldest first. */
export function generationsOf(names: readonly string[]): readonly number[] {
  return names
    .map((name) => Number(/^id_ed25519\.(\d{1,6})$/u.exec(name)?.[1]))
    .filter((generation) => generation > 0)
    .sort((one, two) => one - two);
}

/** Makes the pair of a new generation; the private key's name appears last, and only whole. */
export async function makeKey(
  stateDirectory: string,
  generation: number,
  random: Random,
): Promise<DedicatedKey> {
  const folder = identityFolder(stateDirectory);
  const path = keyPath(stateDirectory, generation);
  const draft = join(folder, `.new-${random.hex(6)}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  try {
    const args = ['-q', '-t', 'ed25519', '-N', '', '-C', 'sync-controller', '-f', draft];
    const made = await execProgram('ssh-keygen', args, { deadlineMs: 30_000 });
    if (made.code !== 0) {
      const said = made.stderr.toString('utf8').trim();
      throw new SyncError('failure', `ssh-keygen: expected a key at ${path}, got: ${said}`, {
        remedy: `look at the disk: df -h ${folder}`,
      });
    }
    await likeItsFolder(stateDirectory, [folder, draft, `${draft}.pub`]);
    await rename(`${draft}.pub`, `${path}.pub`);
    await rename(draft, path);
    syncFolder(folder);
  } finally {
    await rm(draft, { force: true });
    await rm(`${draft}.pub`, { force: true });
  }
  return readKey(stateDirectory, generation);
}

/** Forgets the pair of a generation. */
export async function dropKey(stateDirectory: string, generation: number): Promise<void> {
  const path = keyPath(stateDirectory, generation);
  await rm(path, { force: true });
  await rm(`${path}.pub`, { force: true });
}

/** The daemon may run as somebody else than the admin who enrols: what is made belongs to the owner of the state directory. */
export async function likeItsFolder(stateDirectory: string, paths: readonly string[]): Promise<void> {
  const { uid, gid } = await stat(stateDirectory);
  for (const path of paths) {
    if (process.getuid?.() === 0) await chown(path, uid, gid);
    const file = await open(path, 'r');
    await file.sync().finally(() => file.close());
  }
}

async function readKey(stateDirectory: string, generation: number): Promise<DedicatedKey> {
  const path = keyPath(stateDirectory, generation);
  const text = await readFile(`${path}.pub`, 'utf8').catch(() => '');
  const key = parseHostKey(text.split(' ').slice(0, 2).join(' '));
  if (key === undefined)
    throw new SyncError('data', `${path}.pub: expected an ssh-ed25519 public key, got something else`, {
      remedy: `write it anew: ssh-keygen -y -f ${path} > ${path}.pub`,
    });
  const blob = key.blob.toString('base64');
  return { generation, path, blob, fingerprint: fingerprintOf(keyLine(key.blob)) };
}
