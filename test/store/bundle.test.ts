import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bundle-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('the worker of the store', () => {
  it('is found by the bundle, whose chunks lie in another folder than the source', async () => {
    const source = join(import.meta.dirname, '../../src');
    const main = join(folder, 'in', 'src', 'main.ts');
    mkdirSync(join(folder, 'in', 'src', 'store'), { recursive: true });
    writeFileSync(
      main,
      `const { openDurable } = await import(${JSON.stringify(join(source, 'store/durable.ts'))});
       const { systemClock } = await import(${JSON.stringify(join(source, 'lib/clock.ts'))});
       const { silentLogger } = await import(${JSON.stringify(join(source, 'lib/logger.ts'))});
       const durable = await openDurable({ path: process.argv[2], clock: systemClock, log: silentLogger });
       console.log(JSON.stringify([durable.state(), await durable.ask('approvals')]));
       await durable.close();`,
    );
    const worker = join(folder, 'in', 'src', 'store', 'worker.ts');
    writeFileSync(worker, `import ${JSON.stringify(join(source, 'store/worker.ts'))};`);
    await build({
      entryPoints: [main, worker],
      outbase: join(folder, 'in', 'src'),
      outdir: join(folder, 'dist'),
      bundle: true,
      splitting: true,
      minify: true,
      platform: 'node',
      format: 'esm',
      logLevel: 'silent',
    });
    expect(
      readdirSync(join(folder, 'dist')).filter((name) => name.startsWith('chunk-')).length,
    ).toBeGreaterThan(0);
    writeFileSync(join(folder, 'dist', 'package.json'), '{"type":"module"}');
    const output = execFileSync(
      process.execPath,
      [join(folder, 'dist', 'main.js'), join(folder, 'durable.db')],
      { timeout: 60_000, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    expect(JSON.parse(output.toString())).toEqual([{ available: true }, { available: true, value: [] }]);
  });
});
