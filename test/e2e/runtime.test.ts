import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

const main = new URL(
  process.env['SYNC_TEST_SOURCE'] === undefined ? '../../dist/main.js' : '../../src/main.ts',
  import.meta.url,
).pathname;

describe('the runtime', () => {
  it('that is too old is named with what brings a newer one, instead of a stack', () => {
    const older = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.19.0' } });
      Object.defineProperty(process, 'version', { value: 'v20.19.0' })`;
    const preload = `data:text/javascript,${encodeURIComponent(older)}`;
    const ran = spawnSync(process.execPath, ['--import', preload, main, 'version'], { encoding: 'utf8' });
    expect([ran.status, ran.stdout, ran.stderr]).toEqual([
      78,
      '',
      expect.stringMatching(
        /^\[✗\] runtime: expected Node\.js 24 or newer, got v20\.19\.0; [^\n]*node@24\n$/u,
      ),
    ]);
  });
});
