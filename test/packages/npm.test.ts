// The package of npm, installed as a user does: into an empty prefix, without a network.
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mustRun, runProgram } from '../fleet/process.ts';
import type { CommandResult } from '../fleet/types.ts';
import { buildNpm, root, workFolder } from './deb.ts';

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string;
  bin: Record<string, string>;
};

describe('the npm package', () => {
  const work = workFolder();
  const prefix = join(work, 'prefix');
  let files: readonly string[];

  beforeAll(async () => {
    const tarball = await buildNpm(work);
    files = (await mustRun(['tar', '-tzf', tarball])).trim().split('\n');
    // No cache, no registry: it must need nothing but itself.
    mkdirSync(join(work, 'home'));
    const words = ['npm', 'install', '--global', '--offline', '--prefix', prefix, tarball];
    const env = {
      PATH: process.env['PATH'],
      HOME: join(work, 'home'),
      npm_config_cache: join(work, 'cache'),
    };
    const ran = await runProgram(words, { cwd: work, env });
    if (ran.code !== 0) throw new Error(`npm install: ${ran.stderr}`);
  });
  afterAll(() => {
    rmSync(work, { recursive: true, force: true });
  });

  const run = (program: string, ...words: readonly string[]): Promise<CommandResult> =>
    runProgram([join(prefix, 'bin', program), ...words], {
      env: { PATH: `${dirname(process.execPath)}:/usr/bin:/bin`, HOME: join(work, 'home') },
    });

  it.each(Object.keys(manifest.bin))('%s tells its version and reads the example', async (program) => {
    expect(await run(program, '--version')).toMatchObject({ code: 0, stdout: `${manifest.version}\n` });
    const example = join(prefix, 'lib/node_modules/sync-controller/registry');
    const ran = await run(program, '--registry', example, 'validate');
    expect([ran.code, ran.stdout, ran.stderr]).toEqual([0, expect.stringContaining('0 errors'), '']);
  });

  it('has both programs under their names, and both manual pages where man looks', () => {
    expect(Object.keys(manifest.bin).sort()).toEqual(['sync-controller', 'syncctl']);
    for (const page of ['man1/syncctl.1', 'man8/sync-controller.8'])
      expect(readFileSync(join(prefix, 'share/man', page), 'utf8')).toMatch(/^\.TH /u);
  });

  it('brings no other package with it', async () => {
    const tree = await mustRun(['npm', 'ls', '--global', '--all', '--parseable', '--prefix', prefix]);
    expect(
      tree
        .trim()
        .split('\n')
        .filter((line) => line.includes('node_modules/')),
    ).toEqual([join(prefix, 'lib/node_modules/sync-controller')]);
  });

  it.each([
    'dist/main.js',
    'dist/store/worker.js',
    'dist/receiver',
    'dist/man/syncctl.1',
    'dist/THIRD-PARTY.txt',
    'scripts/install-receiver.sh',
    'registry/service-registry.yaml',
    'deploy/sync-controller.service',
    'deploy/rbac.yaml',
    'deploy/config.example.yaml',
    'docs/operations.md',
    'README.md',
    'CHANGELOG.md',
    'LICENSE',
  ])('holds %s', (file) => {
    expect(files).toContain(`package/${file}`);
  });

  it('holds nothing of the workshop', () => {
    const known =
      /^package\/(?:dist|scripts|registry|deploy|docs)\/|^package\/[A-Z]+(?:\.md)?$|^package\/package\.json$/u;
    expect(files.filter((file) => !known.test(file))).toEqual([]);
    expect(files.filter((file) => /\.ts$|\/test\/|deploy\/debian|\.tgz$/u.test(file))).toEqual([]);
  });
});
