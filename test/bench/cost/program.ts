import { fork, type ChildProcess } from 'node:child_process';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { unitEnvironment } from './process.ts';

/**
 * Starts a program of the bench as the product is started: bundled, under the unit's environment. Run from its source it would
 * also carry the compiler that strips its types, which weighs as much as what is to be weighed.
 */
export async function startProgram(
  source: string,
  folder: string,
  argv: readonly string[] = [],
): Promise<ChildProcess> {
  const outfile = join(folder, `${basename(source, '.ts')}.cjs`);
  await build({
    entryPoints: [source],
    outfile,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node24',
    minify: true,
    external: ['cpu-features', '*.node'],
    logLevel: 'warning',
  });
  return fork(outfile, [...argv], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: [],
    env: { ...unitEnvironment(), PATH: process.env['PATH'] ?? '' },
  });
}

/** Ends a program that was started so, or waits for an end that has already begun. */
export async function endProgram(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGTERM');
  await ended;
}
