// Bundles the product into dist/: split chunks, so that a command loads only what it uses.
// --out DIR and --product-version X.Y.Z make another build beside it, as a later release would be.
import { chmod, rm, writeFile, mkdir, readFile } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { writeManPages } from './man-pages.ts';
import { licencesOf } from './licences.ts';
import { buildDashboard } from './build-dashboard.ts';

const root = new URL('../../', import.meta.url).pathname;
const manifest = JSON.parse(await readFile(`${root}package.json`, 'utf8')) as { version: string };
const { values } = parseArgs({ options: { out: { type: 'string' }, 'product-version': { type: 'string' } } });
const dist = values.out === undefined ? `${root}dist` : resolve(values.out);
const version = values['product-version'] ?? manifest.version;

// CommonJS packages inside an ES module bundle still expect these three names.
const banner = [
  "import{createRequire as __scRequire}from'node:module';",
  "import{dirname as __scDirname}from'node:path';",
  "import{fileURLToPath as __scPath}from'node:url';",
  'const require=__scRequire(import.meta.url),__filename=__scPath(import.meta.url),__dirname=__scDirname(__filename);',
].join('');

await rm(dist, { recursive: true, force: true });
await mkdir(dist, { recursive: true });
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: { main: 'src/main.ts', 'store/worker': 'src/store/worker.ts' },
  outdir: dist,
  metafile: true,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  // jsonc-parser's main file loads its parts in a way no bundler can follow; its module file does not.
  mainFields: ['module', 'main'],
  target: 'node24',
  minify: true,
  // Licences go to a file of their own, see below: one letter of theirs beyond ASCII would make the engine hold the whole chunk at two bytes a letter.
  legalComments: 'none',
  sourcemap: 'linked',
  // Optional native parts of ssh2: it has portable replacements, and the payloads are small.
  external: ['cpu-features', '*.node'],
  define: { __VERSION__: JSON.stringify(version) },
  banner: { js: banner },
  chunkNames: '[name]-[hash]',
  logLevel: 'warning',
});
await buildDashboard(root, `${dist}/dashboard`, manifest.version);
const main = `${dist}/main.js`;
const code = await readFile(main, 'utf8');
await writeFile(main, code.startsWith('#!') ? code : `#!/usr/bin/env node\n${code}`);
await chmod(main, 0o755);
execFileSync('bash', [`${root}scripts/build-receiver.sh`, `${dist}/receiver`], {
  stdio: ['ignore', 'ignore', 'inherit'],
});
const openApi: unknown = JSON.parse(await readFile(`${root}docs/openapi.json`, 'utf8'));
await writeFile(`${dist}/openapi.json`, JSON.stringify(openApi));
await writeManPages(`${dist}/man`, version);
await writeFile(`${dist}/THIRD-PARTY.txt`, await licencesOf(root, Object.keys(metafile.inputs)));
