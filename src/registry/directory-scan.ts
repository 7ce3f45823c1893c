import { constants, type BigIntStats } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Finding } from '../model/snapshot.ts';
import type { Clock } from '../lib/clock.ts';
import { errnoWords } from '../lib/errno.ts';
import { messageOf } from '../lib/errors.ts';
import { hasCode } from '../lib/files.ts';
import { pickObjects, type ManifestFile, type Picked } from './directory-pick.ts';
import { parseManifest, type Manifest } from './manifest.ts';
import type { ObjectNames } from './source.ts';

/** One look at the folder: where each object stands, and what is wrong with the rest. */
export type Scan =
  | (Picked & {
      readonly kind: 'scanned';
      /** Files of which no part could be read: an object that is not found may stand in one of them. */
      readonly broken: readonly Finding[];
      /** Files without a byte: an editor empties a file before it fills it, and may be held up in between. */
      readonly emptied: readonly string[];
    })
  | { readonly kind: 'unreadable'; readonly reason: string; readonly remedy: string };

export interface ScannerOptions {
  readonly folder: string;
  readonly namespace: string;
  readonly names: ObjectNames;
  /** A file touched within this time may still be half written: it is looked at again. */
  readonly settleMs: number;
  readonly clock: Clock;
}

const fileLimitBytes = 4 * 1024 * 1024;
const fileCountLimit = 500;
const settleTries = 50;
/** File times move in ticks of some milliseconds: a younger file may change again under the same stamp. */
const racyMs = 1000;

interface Cached {
  readonly signature: string;
  readonly trusted: boolean;
  readonly file: ManifestFile;
}

/** Reads the manifests of a folder; a file that did not change is not parsed again. */
export class DirectoryScanner {
  readonly #options: ScannerOptions;
  readonly #cache = new Map<string, Cached>();

  constructor(options: ScannerOptions) {
    this.#options = options;
  }

  /** A look at a folder nobody is writing to at the moment: names and stamps are the same before and after. */
  async settled(signal?: AbortSignal): Promise<Scan> {
    const { clock, settleMs } = this.#options;
    let before = await this.#stamps();
    for (let round = 0; round < settleTries; round++) {
      signal?.throwIfAborted();
      if (before.kind === 'unreadable') return before;
      const youngest = clock.now() - before.newestMs;
      if (youngest >= 0 && youngest < settleMs) await clock.sleep(settleMs - youngest, signal);
      const scan = await this.#scan(before.names);
      const after = await this.#stamps();
      if (after.kind === 'unreadable') return after;
      if (after.stamp === before.stamp) return scan;
      before = after;
    }
    return unreadable(
      this.#options.folder,
      'its files keep changing',
      'find the program that rewrites them without end',
    );
  }

  /** A look without waiting, for an edit that compares again before it writes. */
  async immediate(): Promise<Scan> {
    const stamps = await this.#stamps();
    return stamps.kind === 'unreadable' ? stamps : this.#scan(stamps.names);
  }

  async #stamps(): Promise<
    | { kind: 'stamps'; names: readonly string[]; stamp: string; newestMs: number }
    | Extract<Scan, { kind: 'unreadable' }>
  > {
    const { folder } = this.#options;
    try {
      const names = (await readdir(folder)).filter(isManifestName).sort();
      if (names.length > fileCountLimit)
        return unreadable(
          folder,
          `it holds ${names.length} manifests, more than ${fileCountLimit}`,
          'keep other manifests elsewhere',
        );
      const parts: string[] = [];
      let newestMs = 0;
      for (const name of names) {
        const stats = await statOf(join(folder, name));
        parts.push(`${name} ${signatureOf(stats)}`);
        newestMs = Math.max(newestMs, Number(stats?.mtimeMs ?? 0));
      }
      return { kind: 'stamps', names, stamp: parts.join('\n'), newestMs };
    } catch (error) {
      const said = errnoWords(error);
      const reason = said === undefined ? messageOf(error) : `expected a folder of manifests, got ${said}`;
      return unreadable(folder, reason, `check that ${folder} exists and that you may read it`);
    }
  }

  async #scan(names: readonly string[]): Promise<Scan> {
    const paths = names.map((name) => join(this.#options.folder, name));
    const files: ManifestFile[] = [];
    for (const path of paths) {
      const file = await this.#read(path);
      if (file !== undefined) files.push(file);
    }
    for (const path of this.#cache.keys()) if (!paths.includes(path)) this.#cache.delete(path);
    const broken = files.flatMap(({ path, manifest }) =>
      manifest.kind === 'invalid' ? [faultOf(path, manifest.reason)] : [],
    );
    const picked = pickObjects(files, this.#options);
    const emptied = files
      .filter(({ text, manifest }) => manifest.kind !== 'invalid' && text.trim() === '')
      .map(({ path }) => path);
    return { kind: 'scanned', ...picked, findings: [...broken, ...picked.findings], broken, emptied };
  }

  async #read(path: string): Promise<ManifestFile | undefined> {
    const stats = await statOf(path);
    if (stats === undefined || stats.isDirectory()) return undefined;
    const signature = signatureOf(stats);
    const cached = this.#cache.get(path);
    if (cached?.trusted && cached.signature === signature) return cached.file;
    const content = await textOf(path, stats);
    const reused = content.kind === 'text' && cached?.file.text === content.text;
    const file = reused
      ? cached.file
      : { path, text: content.kind === 'text' ? content.text : '', manifest: manifestOf(content) };
    const trusted = content.kind === 'text' && this.#options.clock.now() - Number(stats.mtimeMs) > racyMs;
    this.#cache.set(path, { signature, trusted, file });
    return file;
  }
}

type Content =
  { readonly kind: 'text'; readonly text: string } | { readonly kind: 'unusable'; readonly reason: string };

function manifestOf(content: Content): Manifest {
  return content.kind === 'text' ? parseManifest(content.text) : { kind: 'invalid', reason: content.reason };
}

async function textOf(path: string, stats: BigIntStats): Promise<Content> {
  if (!stats.isFile()) return { kind: 'unusable', reason: 'expected a regular file' };
  if (stats.size > fileLimitBytes)
    return { kind: 'unusable', reason: `expected at most ${fileLimitBytes} bytes, got ${stats.size}` };
  try {
    // O_NONBLOCK: a FIFO put in the file's place must not hold the reader.
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const bytes = await handle.readFile();
      return { kind: 'text', text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
    } finally {
      await handle.close();
    }
  } catch (error) {
    return {
      kind: 'unusable',
      reason: error instanceof TypeError ? 'expected UTF-8 text' : messageOf(error),
    };
  }
}

async function statOf(path: string): Promise<BigIntStats | undefined> {
  try {
    return await stat(path, { bigint: true });
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

const signatureOf = (s: BigIntStats | undefined): string =>
  s === undefined ? 'gone' : `${s.dev}:${s.ino}:${s.size}:${s.mtimeNs}:${s.ctimeNs}`;
/** What `kubectl apply -f <folder>` looks at, minus editors' and our own temporary files. */
const isManifestName = (name: string): boolean => /^[^.~#].*\.(?:ya?ml|json)$/u.test(name);

function faultOf(path: string, reason: string): Finding {
  const remedy = 'mend the file; the last good state of its objects stays';
  return { severity: 'error', path, message: `${reason}; nothing in this file is used`, remedy };
}

const unreadable = (
  folder: string,
  reason: string,
  remedy: string,
): Extract<Scan, { kind: 'unreadable' }> => ({ kind: 'unreadable', reason: `${folder}: ${reason}`, remedy });
