import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SyncError } from '../lib/errors.ts';
import { execProgram } from '../lib/exec.ts';

/** What goes to a node at enrolment: the receiver as one file, and the script that puts it in its place. */
export interface ReceiverFile {
  readonly version: string;
  readonly bytes: Buffer;
  readonly installer: Buffer;
}

/** Where the parts may be, seen from this module: bundled in dist/, or in the source tree. */
const here = import.meta.dirname;
const bundled = { receiver: join(here, 'receiver'), scripts: join(here, '../scripts') };
const sourceScripts = join(here, '../../scripts');

/** The folder of this release: scripts (those with the predecessor's names, too), units, manifests. */
export function packageFolder(): string {
  return existsSync(bundled.receiver) ? join(here, '..') : join(here, '../..');
}

let loaded: Promise<ReceiverFile> | undefined;

/** The receiver of this release: the bundled file, or assembled from `scripts/` where we run from source. Read once. */
export async function loadReceiver(): Promise<ReceiverFile> {
  loaded ??= readBundled().then((file) => file ?? assemble(sourceScripts));
  try {
    return await loaded;
  } catch (error) {
    loaded = undefined;
    throw error;
  }
}

async function readBundled(): Promise<ReceiverFile | undefined> {
  const bytes = await readFile(bundled.receiver).catch(() => undefined);
  if (bytes === undefined) return undefined;
  return withInstaller(bytes, bundled.scripts);
}

/** Assembles the receiver from its parts. */
export async function assemble(scripts: string): Promise<ReceiverFile> {
  const folder = await mkdtemp(join(tmpdir(), 'receiver-'));
  try {
    const out = join(folder, 'receiver');
    const built = await execProgram('bash', [join(scripts, 'build-receiver.sh'), out], {
      deadlineMs: 30_000,
    });
    if (built.code !== 0) {
      const said = built.stderr.toString('utf8').trim();
      throw new SyncError(
        'internal',
        `${scripts}/build-receiver.sh: expected exit 0, got ${String(built.code)}: ${said}`,
      );
    }
    return await withInstaller(await readFile(out), scripts);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function withInstaller(bytes: Buffer, scripts: string): Promise<ReceiverFile> {
  const [, version] = /^readonly VERSION=(\d+\.\d+\.\d+)$/mu.exec(bytes.toString('utf8')) ?? [];
  if (version === undefined)
    throw new SyncError('internal', 'the receiver: expected a line "readonly VERSION=x.y.z", got none');
  return { version, bytes, installer: await readInstaller(scripts) };
}

/** The installing script behind the functions that describe the targets, one file a kind. */
export async function readInstaller(scripts: string): Promise<Buffer> {
  const targets = join(scripts, 'targets');
  const names = (await readdir(targets)).filter((name) => name.endsWith('.sh')).sort();
  const files = [...names.map((name) => join(targets, name)), join(scripts, 'install-receiver.sh')];
  return Buffer.concat(await Promise.all(files.map((file) => readFile(file))));
}

/** The script that lets one key run the receiver and nothing else. */
export function loadRestrictor(): Promise<Buffer> {
  return loadScript('restrict-key.sh');
}

/** A script of this release that a node runs. */
export async function loadScript(name: string): Promise<Buffer> {
  const inBundle = await readFile(join(bundled.scripts, name)).catch(() => undefined);
  return inBundle ?? (await readFile(join(sourceScripts, name)));
}
