import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { messageOf, SyncError } from '../../lib/errors.ts';

/** What a backup says of itself. */
export const manifestSchema = z.object({
  format: z.literal('sync-controller-backup-1'),
  version: z.string(),
  at: z.string(),
  host: z.string(),
  files: z.array(
    z.object({
      path: z.string().regex(/^(?!\/)(?!.*(?:^|\/)\.\.?(?:\/|$))[\w./-]{1,512}$/u),
      bytes: z.number(),
      sha256: z.string(),
    }),
  ),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** The files of a folder with their digests. */
export function filesOf(folder: string, paths: readonly string[]): Manifest['files'] {
  return paths.map((path) => {
    const bytes = readFileSync(join(folder, path));
    return { path, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
  });
}

/**
 * Reads the manifest of an unpacked backup and proves that every file is there as it was written, and nothing else.
 * @throws SyncError `data`.
 */
export function proveManifest(folder: string, file: string): Manifest {
  const refuse = (got: string): SyncError =>
    new SyncError('data', `${file}: expected a whole backup, got ${got}`, { remedy: 'take another backup' });
  let manifest: Manifest;
  try {
    manifest = manifestSchema.parse(JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')));
  } catch (error) {
    throw refuse(`no manifest that can be read (${messageOf(error).split('\n')[0] ?? ''})`);
  }
  const state = join(folder, 'state');
  const found = walk(state);
  const wanted = new Set(manifest.files.map(({ path }) => path));
  const extra = found.find((path) => !wanted.has(path));
  if (extra !== undefined) throw refuse(`a file that its manifest does not name: ${extra}`);
  for (const { path, sha256 } of manifest.files) {
    if (!found.includes(path)) throw refuse(`one without ${path}`);
    if (filesOf(state, [path])[0]?.sha256 !== sha256) throw refuse(`another ${path} than was saved`);
  }
  return manifest;
}

/** Every entry below a folder; links and devices are named too, so that none is taken for a file. */
function walk(folder: string, below = ''): readonly string[] {
  return readdirSync(join(folder, below)).flatMap((name) => {
    const path = below === '' ? name : `${below}/${name}`;
    const entry = lstatSync(join(folder, path));
    if (entry.isDirectory()) return walk(folder, path);
    return [entry.isFile() ? path : `${path} (no plain file)`];
  });
}
