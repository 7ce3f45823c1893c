import { existsSync } from 'node:fs';
import { copyFile, chown, open, readFile, rename, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { syncFolder, writeAtomic } from '../../lib/files.ts';
import { packageFolder } from '../receiver-file.ts';
import { isReplaced, replacedLine, type EntryPoint } from './checkouts.ts';

/** Where the original of a replaced script stands. */
export function keptPath(path: string): string {
  return `${path}.before-sync-controller`;
}

/** Puts ours in the place of a script; the original stays beside it with its mode and owner. Doing it again changes nothing. */
export async function replaceEntry(entry: EntryPoint): Promise<void> {
  const { path } = entry;
  if (isReplaced(await readFile(path, 'utf8'))) return;
  // A pull may have brought a newer one since: the newest is what an undo has to bring back.
  await keep(path, keptPath(path));
  // It takes over mode and owner of what it replaces.
  writeAtomic(path, entry.becomes === 'shim' ? shimText(entry) : disarmedText(entry));
}

/** Brings the original back, unless somebody has put another script there since. @returns false then. */
export async function restoreEntry(path: string): Promise<boolean> {
  const kept = keptPath(path);
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (!existsSync(kept)) return text !== undefined && !isReplaced(text);
  if (text !== undefined && !isReplaced(text)) return false;
  await rename(kept, path);
  syncFolder(dirname(path));
  return true;
}

async function keep(path: string, kept: string): Promise<void> {
  const draft = `${kept}.new`;
  const { uid, gid, mode, atime, mtime } = await stat(path);
  await copyFile(path, draft);
  if (process.getuid?.() === 0) await chown(draft, uid, gid);
  const file = await open(draft, 'r+');
  try {
    await file.chmod(mode & 0o7777);
    await file.utimes(atime, mtime);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, kept);
  syncFolder(dirname(path));
}

function shimText({ name, path }: EntryPoint): string {
  const ours = join(packageFolder(), 'scripts', name);
  return [
    '#!/bin/bash',
    `${replacedLine} The original is ${basename(keptPath(path))}; back with: syncctl adopt --undo`,
    '# Sourced, it must not end the shell that sources it.',
    `if [[ \${BASH_SOURCE[0]} != "$0" ]]; then return 0; fi`,
    `found=$(type -P syncctl) && export SYNCCTL=\${SYNCCTL:-$found}`,
    `exec /bin/bash ${shellWord(ours)} "$@"`,
    '',
  ].join('\n');
}

function disarmedText({ path }: EntryPoint): string {
  return [
    '#!/bin/bash',
    `${replacedLine} The original is ${basename(keptPath(path))}; back with: syncctl adopt --undo`,
    'printf \'[INFO] %s\\n\' "$(basename -- "$0") does nothing any more: sync-controller does its work (syncctl push)." >&2',
    '',
  ].join('\n');
}

/** One word for bash, whatever is in it. */
function shellWord(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
