import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A file that a script writes from the source, relative to the repository. */
export interface Generated {
  readonly path: string;
  readonly content: string;
}

const root = join(import.meta.dirname, '..', '..');

/** What the file holds now; undefined where there is none. */
export function present(file: Generated): string | undefined {
  try {
    return readFileSync(join(root, file.path), 'utf8');
  } catch {
    return undefined;
  }
}

/** Writes the files; with `--check` on the command line it only says which differ and fails. */
export function settle(files: readonly Generated[]): void {
  const differing = files.filter((file) => present(file) !== file.content);
  if (process.argv.includes('--check')) {
    for (const { path } of differing) console.error(`${path}: differs from the source`);
    process.exitCode = differing.length > 0 ? 1 : 0;
    return;
  }
  for (const { path, content } of differing) writeFileSync(join(root, path), content);
  console.log(
    differing.length === 0 ? 'nothing to write' : `written: ${differing.map(({ path }) => path).join(', ')}`,
  );
}
