import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { receiverPath } from './harness.ts';

const scripts = resolve(import.meta.dirname, '../../scripts');
/** Everything that becomes a part of the receiver or of its installation. */
const parts = ['receiver', 'kinds', 'targets'].flatMap((folder) =>
  readdirSync(`${scripts}/${folder}`).map((name) => `${scripts}/${folder}/${name}`),
);

describe('the scripts', () => {
  it.skipIf(spawnSync('shellcheck', ['--version']).status !== 0)('pass shellcheck, parts and whole', () => {
    const run = spawnSync(
      'shellcheck',
      [
        ...parts,
        receiverPath(),
        ...['sync-dns', 'sync-vps-routes', 'build-receiver', 'install-receiver', 'restrict-key'].map(
          (name) => `${scripts}/${name}.sh`,
        ),
      ],
      { encoding: 'utf8' },
    );
    expect(run.stdout).toBe('');
  });

  it('are parts of at most 150 lines', () => {
    for (const name of parts)
      expect(readFileSync(name, 'utf8').split('\n').length, name).toBeLessThanOrEqual(151);
  });
});
