import { open } from 'node:fs/promises';
import { hasCode } from '../../lib/files.ts';
import { messageOf } from '../../lib/errors.ts';

/** What an identity file gave: the secret keys in it, or why it cannot be used. */
export interface IdentityFile {
  readonly path: string;
  readonly keys: readonly string[];
  readonly problem: string | undefined;
  /** Changes whenever the file does. */
  readonly mark: string;
}

const limitBytes = 65_536;
const most = 16;
const keyForm = /^AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}$/u;

/** Reads a file as `age-keygen` writes it: keys and comments, one a line. Nobody but its owner may be able to read it. */
export async function readIdentities(path: string): Promise<IdentityFile> {
  const failed = (problem: string, mark = problem): IdentityFile => ({ path, keys: [], problem, mark });
  try {
    const file = await open(path, 'r');
    try {
      const { mode, size, ino, mtimeMs } = await file.stat();
      const mark = [ino, size, mtimeMs, mode].join(' ');
      if ((mode & 0o077) !== 0)
        return failed(
          `${path}: expected mode 0600, got ${(mode & 0o777).toString(8).padStart(4, '0')}; run chmod 600 ${path}`,
          mark,
        );
      if (size > limitBytes) return failed(`${path}: expected at most ${String(limitBytes)} bytes`, mark);
      return keysOf(path, (await file.readFile()).toString('utf8'), mark);
    } finally {
      await file.close();
    }
  } catch (error) {
    return failed(
      `${path}: expected a readable file, got ${hasCode(error, 'ENOENT') ? 'none' : messageOf(error)}`,
    );
  }
}

function keysOf(path: string, text: string, mark: string): IdentityFile {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  // The line itself is a secret, or was meant to be one: it is not quoted.
  const wrong = lines.findIndex((line) => !keyForm.test(line));
  const problem =
    wrong >= 0
      ? `${path}: expected AGE-SECRET-KEY-1… on every line, got something else as key ${String(wrong + 1)}`
      : lines.length === 0 || lines.length > most
        ? `${path}: expected 1 to ${String(most)} keys, got ${String(lines.length)}`
        : undefined;
  return { path, keys: problem === undefined ? lines : [], problem, mark };
}
