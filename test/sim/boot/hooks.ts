import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../../..');
const urlOf = (path: string): string => pathToFileURL(join(root, path)).href;
const src = urlOf('src/');
const sim = urlOf('test/sim/');
const model = urlOf('test/receiver/model.ts');

/** What modules of the product get instead of what they ask for: everything behind which the real world begins. */
const builtins = new Map(
  Object.entries({
    'node:fs': 'fs',
    'node:fs/promises': 'fs-promises',
    'node:timers/promises': 'timers-promises',
    'node:crypto': 'crypto',
    'node:os': 'os',
    'node:net': 'net',
    'node:sqlite': 'sqlite',
    'node:worker_threads': 'worker-threads',
    'node:child_process': 'child-process',
    'node:v8': 'v8',
    'node-cron': 'node-cron',
  }).map(([name, port]) => [name, urlOf(`test/sim/ports/${port}.ts`)]),
);
const modules = new Map(
  Object.entries({
    'src/transport/ssh2-transport.ts': 'ssh2-transport',
    'src/enrol/receiver-file.ts': 'receiver-file',
    'src/store/thread.ts': 'store-thread',
    'src/registry/kubernetes-pool.ts': 'kubernetes-pool',
    'src/registry/kubernetes-login.ts': 'kubernetes-login',
    'src/http/socket-server.ts': 'socket-server',
    'src/http/tcp-server.ts': 'tcp-server',
  }).map(([path, port]) => [urlOf(path), urlOf(`test/sim/ports/${port}.ts`)]),
);
modules.set(urlOf('test/receiver/harness.ts'), urlOf('test/sim/node/documents.ts'));

/** A deliberate defect: this text of this file reads otherwise. */
export interface Defect {
  readonly file: string;
  readonly search: string;
  readonly replace: string;
}

const names = [
  'setTimeout',
  'clearTimeout',
  'setInterval',
  'clearInterval',
  'Date',
  'performance',
  'process',
];

/** Puts the virtual world under the modules of the product, and defects into their text. Call it before any of them is loaded. */
export function install(defects: readonly Defect[]): void {
  const unfit = defects.filter(
    ({ file, search }) => count(readFileSync(join(root, file), 'utf8'), search) !== 1,
  );
  if (unfit.length > 0)
    throw new Error(unfit.map(({ file, search }) => `${file}: expected once: ${search}`).join('\n'));
  registerHooks({
    resolve: (specifier, context, next) => {
      const parent = context.parentURL ?? '';
      const isOurs = parent.startsWith(src) || parent === model;
      const builtin = parent.startsWith(src) ? builtins.get(specifier) : undefined;
      if (builtin !== undefined) return { url: builtin, format: 'module-typescript', shortCircuit: true };
      const found = next(specifier, context);
      const other = isOurs ? modules.get(found.url) : undefined;
      return other === undefined ? found : { url: other, format: 'module-typescript', shortCircuit: true };
    },
    load: (url, context, next) => {
      const loaded = next(url, context);
      if (!url.startsWith(src) && !url.startsWith(sim) && url !== model) return loaded;
      const path = fileURLToPath(url).slice(root.length + 1);
      const text = defects
        .filter(({ file }) => file === path)
        .reduce(
          (source, { search, replace }) => source.replace(search, () => replace),
          textOf(loaded.source),
        );
      return { ...loaded, source: url.startsWith(src) ? `${shadows(text)}${text}` : text };
    },
  });
}

/** The virtual globals that a module needs, bound by its first line, so that its line numbers stay. */
function shadows(text: string): string {
  const used = names.filter((name) => new RegExp(`\\b${name}\\b`, 'u').test(text) && !isBound(text, name));
  if (text.includes('Math.random')) used.push('Math');
  return used.length === 0 ? '' : `const { ${used.join(', ')} } = globalThis.syncSim; `;
}

function isBound(text: string, name: string): boolean {
  return new RegExp(`^import [^;]*\\b${name}\\b(?! as)[^;]* from`, 'mu').test(text);
}

function count(text: string, search: string): number {
  return text.split(search).length - 1;
}

function textOf(source: string | ArrayBuffer | NodeJS.TypedArray | undefined): string {
  if (source === undefined || typeof source === 'string') return source ?? '';
  return Buffer.from(source as Uint8Array).toString('utf8');
}
