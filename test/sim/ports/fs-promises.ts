// node:fs/promises as the product sees it in the simulator. Every call takes a moment, so that a kill can fall between two.
import * as sync from './fs.ts';
import { mustRun } from '../kernel/process.ts';
import { theWorld } from '../kernel/world.ts';

function soon<T>(work: () => T): Promise<T> {
  const process = mustRun();
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  theWorld().after(
    process.dice.unit() * 2,
    () => {
      try {
        resolve(work());
      } catch (error) {
        reject(error);
      }
    },
    process,
  );
  return promise;
}

type Encoding = string | { encoding?: string } | undefined;

export const readFile = (file: string | { readonly path: string }, encoding?: Encoding) =>
  soon(() => sync.readFileSync(typeof file === 'string' ? file : file.path, encoding));
export const writeFile = (path: string, bytes: Buffer | string) =>
  soon(() => sync.writeFileSync(path, bytes));
export const mkdir = (path: string, options?: { recursive?: boolean }) =>
  soon(() => sync.mkdirSync(path, options));
export const stat = (path: string) => soon(() => sync.statSync(path));
export const rm = (path: string, options?: { force?: boolean }) => soon(() => sync.rmSync(path, options));
export const rename = (from: string, to: string) => soon(() => sync.renameSync(from, to));
export const readdir = (path: string) => soon(() => sync.readdirSync(path));
export const chmod = () => Promise.resolve();
export const chown = chmod;
export const access = (path: string) => soon(() => void sync.statSync(path));

export { constants } from './fs.ts';

export const open = (path: string) =>
  soon(() => {
    sync.closeSync(sync.openSync(path));
    return { path, stat: () => stat(path), close: () => Promise.resolve() };
  });

export function mkdtemp(): never {
  throw new Error('sim: mkdtemp is not modelled');
}
