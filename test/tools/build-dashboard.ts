// Bundles src/dashboard into dist/dashboard: names that change with the content, compressed once for everybody, and a list of
// what is served under which path.
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build } from 'esbuild';

interface Served {
  readonly file: string;
  readonly type: string;
  readonly etag: string;
  readonly immutable: boolean;
  readonly encodings: readonly ('br' | 'gzip')[];
}

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Writes the dashboard below `out`. */
export async function buildDashboard(root: string, out: string, version: string): Promise<void> {
  await mkdir(join(out, 'assets'), { recursive: true });
  const sources = `${root}src/dashboard/`;
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: {
      main: `${sources}main.tsx`,
      theme: `${sources}theme.ts`,
      style: `${sources}style/main.css`,
      icon: `${sources}icon.svg`,
    },
    outdir: join(out, 'assets'),
    bundle: true,
    format: 'esm',
    target: ['chrome123', 'firefox120', 'safari17.5'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    loader: { '.svg': 'copy' },
    minify: true,
    legalComments: 'none',
    entryNames: '[name]-[hash]',
    define: { __VERSION__: JSON.stringify(version) },
    write: false,
    logLevel: 'warning',
  });
  const served: Record<string, Served> = {};
  let html = await readFile(`${sources}index.html`, 'utf8');
  for (const { path, contents } of outputFiles) {
    const name = basename(path);
    const url = `/assets/${name}`;
    served[url] = await write(out, { file: `assets/${name}`, bytes: contents, immutable: true });
    html = html.replace(`%${name.replace(/-[A-Z0-9]+\.\w+$/u, '')}%`, url);
  }
  served['/'] = await write(out, { file: 'index.html', bytes: Buffer.from(html), immutable: false });
  await writeFile(join(out, 'manifest.json'), `${JSON.stringify(served, null, 1)}\n`);
}

async function write(
  out: string,
  {
    file,
    bytes,
    immutable,
  }: { readonly file: string; readonly bytes: Uint8Array; readonly immutable: boolean },
): Promise<Served> {
  const forms = [
    ['br', '.br', brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } })],
    ['gzip', '.gz', gzipSync(bytes, { level: 9 })],
  ] as const;
  const smaller = forms.filter(([, , form]) => form.length < bytes.length);
  await writeFile(join(out, file), bytes);
  for (const [, suffix, form] of smaller) await writeFile(join(out, `${file}${suffix}`), form);
  return {
    file,
    type: types[extname(file)] ?? 'application/octet-stream',
    etag: createHash('sha256').update(bytes).digest('base64url').slice(0, 22),
    immutable,
    encodings: smaller.map(([encoding]) => encoding),
  };
}
