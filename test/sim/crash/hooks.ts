import { registerHooks } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { join, resolve } from 'node:path';
import { instrumented } from './awaits.ts';
import { isInside } from './scope.ts';

const root = resolve(import.meta.dirname, '../../..');
const src = pathToFileURL(join(root, 'src/')).href;

/** Puts a word at every await of the push path, over whatever the simulator's own hooks make of a file. Call it after theirs. */
export function watchAwaits(): void {
  registerHooks({
    load: (url, context, next) => {
      const loaded = next(url, context);
      if (!url.startsWith(src)) return loaded;
      const path = fileURLToPath(url).slice(root.length + 1);
      if (!isInside(path)) return loaded;
      const source = loaded.source ?? '';
      const text = typeof source === 'string' ? source : new TextDecoder().decode(source);
      return { ...loaded, source: instrumented(path, text) };
    },
  });
}
