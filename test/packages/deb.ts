// Builds of the Debian package for tests: compressed in haste, otherwise as `make deb` makes it.
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { runProgram } from '../fleet/process.ts';
import { CLEAN_ENV } from '../fleet/site.ts';
import type { Debian } from './debian.ts';

export const root = new URL('../../', import.meta.url).pathname;

const env = {
  ...process.env,
  PATH: `${join(root, '.runtime/bin')}:${CLEAN_ENV.PATH}`,
  DEB_COMPRESSION: '-Zgzip -z1',
};

async function must(argv: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<string> {
  const { code, stdout, stderr } = await runProgram(argv, { cwd: root, env: { ...env, ...more } });
  if (code !== 0) throw new Error(`${argv.join(' ')}: exit ${String(code)}: ${stdout}${stderr}`);
  return stdout.trim();
}

/** A folder of its own for what a test builds. */
export function workFolder(): string {
  return mkdtempSync(join(tmpdir(), 'sync-controller-packages-'));
}

/** The package of this checkout's dist/. @returns its path. */
export function buildDeb(out: string, more: NodeJS.ProcessEnv = {}): Promise<string> {
  return must(['bash', 'test/tools/deb.sh', out], more);
}

/** The package of a release to come: the same sources under another version. @returns its path. */
export async function buildLaterDeb(out: string, version: string): Promise<string> {
  const dist = join(out, `dist-${version}`);
  await must([process.execPath, 'test/tools/build.ts', '--out', dist, '--product-version', version]);
  return must(['bash', 'test/tools/deb.sh', out, '--dist', dist]);
}

/** The package of npm. @returns its path. */
export async function buildNpm(out: string): Promise<string> {
  return join(out, await must(['npm', 'pack', '--silent', '--pack-destination', out]));
}

/** Installs a package as an admin does, without a network: what it depends on is there. */
export async function aptInstall(machine: Debian, path: string): Promise<string> {
  await machine.must('install', '-d', '-m', '0755', '/srv/packages');
  const name = `/srv/packages/${basename(path)}`;
  if (!machine.has(name)) machine.write(name, readFileSync(path));
  return machine.must('apt-get', 'install', '--yes', '--no-install-recommends', name);
}
