import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { RegistryObject } from '../model/snapshot.ts';
import type { Clock } from '../lib/clock.ts';
import { messageOf, SyncError } from '../lib/errors.ts';
import { hasCode, writeAtomic } from '../lib/files.ts';
import { rawOf, type ManifestFile } from './directory-pick.ts';
import type { DirectoryScanner, Scan } from './directory-scan.ts';
import { editManifest, newManifest } from './manifest-edit.ts';

export interface DirectoryEdit {
  readonly folder: string;
  readonly namespace: string;
  readonly scanner: DirectoryScanner;
  readonly clock: Clock;
  readonly object: RegistryObject;
  /** What the object is called in its manifest. */
  readonly name: string;
  readonly key: string;
  readonly edit: (text: string | undefined) => string | undefined;
}

const attempts = 20;
const retryMs = 10;
/** How long an editor that has emptied a file may take to fill it: on a machine under load it is stopped in between. */
const emptiedMs = 5_000;

/** Thrown between compare and rename: somebody saved the file meanwhile. Their bytes stay and the edit starts over on them. */
class Moved extends Error {}

/** Edits one value under the folder's lock. Whoever does not know the lock, an admin's editor above all, wins: nothing of theirs is lost. */
export async function editDirectory(request: DirectoryEdit): Promise<string | undefined> {
  const end = request.clock.monotonic() + emptiedMs;
  for (let attempt = 1; ; attempt++) {
    const scan = await look(request);
    const blocked = blockedBy(request, scan);
    if (blocked === undefined && scan.kind === 'scanned') {
      const done = await apply(request, scan).catch((error: unknown) => afterFailure(error, request.folder));
      if (typeof done !== 'symbol') return done;
    }
    // A half-saved file looks broken for a moment: only a lasting fault is refused.
    const isWaiting = blocked instanceof Emptied && request.clock.monotonic() < end;
    if (attempt >= attempts && !isWaiting) throw blocked ?? restless(request);
    await request.clock.sleep(retryMs);
  }
}

/** Where the object is not found, and a file of the folder has no content at the moment. */
class Emptied extends SyncError {}

/** What is not there may be on its way: a file just emptied by an editor that is about to fill it. Absence is believed only of a folder at rest. */
async function look({ scanner, object, key }: DirectoryEdit): Promise<Scan> {
  const scan = await scanner.immediate();
  const data = scan.kind === 'scanned' ? scan.objects.get(object)?.raw.data : undefined;
  return data !== undefined && Object.hasOwn(data, key) ? scan : scanner.settled();
}

const moved = Symbol('moved');

function afterFailure(error: unknown, folder: string): typeof moved {
  if (error instanceof Moved) return moved;
  if (!hasCode(error, 'EACCES', 'EPERM', 'EROFS', 'ENOSPC')) throw error;
  throw new SyncError('permission', `${folder} cannot be written: ${messageOf(error)}`, {
    remedy: `give the user of the controller write access to ${folder}, and room`,
    cause: error,
  });
}

function restless({ object, folder }: DirectoryEdit): SyncError {
  return new SyncError(
    'conflict',
    `${object} in ${folder} changed under every one of ${attempts} attempts to edit it`,
    {
      remedy: 'find the program that rewrites it without end',
    },
  );
}

function blockedBy({ object, folder }: DirectoryEdit, scan: Scan): SyncError | undefined {
  if (scan.kind === 'unreadable') return new SyncError('unavailable', scan.reason, { remedy: scan.remedy });
  if (scan.objects.has(object)) return undefined;
  const fault = scan.refused.get(object) ?? scan.broken[0];
  // The object may stand in the broken file: a second one beside it would be a duplicate once that is mended.
  if (fault === undefined) return emptiedBy(scan.emptied[0], object, folder);
  return new SyncError('data', `${object} in ${folder} cannot be edited: ${fault.path}: ${fault.message}`, {
    remedy: fault.remedy,
  });
}

/** A second manifest beside the one that is about to be filled would be a duplicate, and nobody could edit either. */
function emptiedBy(path: string | undefined, object: RegistryObject, folder: string): Emptied | undefined {
  return path === undefined
    ? undefined
    : new Emptied(
        'data',
        `${object} in ${folder} is not found: expected a manifest in ${path}, got nothing`,
        {
          remedy: `save ${path}, or remove it`,
        },
      );
}

async function apply(
  request: DirectoryEdit,
  scan: Extract<Scan, { kind: 'scanned' }>,
): Promise<string | undefined> {
  const { object, name, key, namespace } = request;
  const found = scan.objects.get(object);
  const current = found?.raw.data[key];
  const value = request.edit(current);
  if (value === undefined || value === current) return undefined;
  const edit = { name, namespace, key, value };
  if (found === undefined) create(request, newManifest(edit));
  else await replace(request, found.file, editManifest(found.file.text, edit));
  return rawOf(object, {
    data: { ...found?.raw.data, [key]: value },
    annotations: found?.raw.annotations ?? {},
  }).resourceVersion;
}

function create({ folder, name }: DirectoryEdit, text: string): void {
  const path = join(folder, `${name}.yaml`);
  if (existsSync(path)) {
    const remedy = `rename it, or add ${name} to it`;
    throw new SyncError('conflict', `${path} exists and does not hold ${name}`, { remedy });
  }
  const absent = (): void => {
    if (existsSync(path)) throw new Moved(path);
  };
  writeAtomic(path, text, { mode: 0o644, beforeRename: absent });
}

async function replace({ clock }: DirectoryEdit, file: ManifestFile, text: string): Promise<void> {
  // Through a symlink the target is replaced and the link stays.
  const path = realpathSync(file.path);
  const fd = openSync(path, 'r');
  try {
    const same = (): void => {
      if (readFileSync(path, 'utf8') !== file.text) throw new Moved(path);
    };
    writeAtomic(path, text, { beforeRename: same });
    // An editor that had opened the file in place before our rename goes on writing into the old inode: its save is the one that counts.
    if (readAll(fd) === file.text) return;
    const saved = await settledText(fd, clock);
    if (saved === '') return;
    writeAtomic(path, saved);
    throw new Moved(path);
  } finally {
    closeSync(fd);
  }
}

/** The text of an open file once its writer has paused; an emptied file gets longer to be filled. */
async function settledText(fd: number, clock: Clock): Promise<string> {
  for (let round = 0, before = readAll(fd); ; round++) {
    await clock.sleep(25);
    const now = readAll(fd);
    if (round >= (now === '' ? emptiedMs / 25 : 20) || (now === before && now !== '')) return now;
    before = now;
  }
}

function readAll(fd: number): string {
  const bytes = Buffer.alloc(fstatSync(fd).size);
  let done = 0;
  for (let got = -1; got !== 0 && done < bytes.length; done += got)
    got = readSync(fd, bytes, done, bytes.length - done, done);
  return bytes.toString('utf8', 0, done);
}
