import { readFile } from 'node:fs/promises';
import type { Document, LineCounter } from 'yaml';
import { errnoWords } from '../lib/errno.ts';
import { SyncError } from '../lib/errors.ts';
import { refusal } from './refusal.ts';

/** A settings file, parsed, able to say on which line a path stands. */
export interface SettingsFile {
  readonly path: string;
  readonly value: unknown;
  /** `file:line` of a path; the file alone where the path is not in it. */
  at(path: readonly PropertyKey[]): string;
}

// A settings file has a few KB; a megabyte is a mistake, and the YAML parser would hold the event loop for it.
const sizeLimit = 262_144;

/**
 * Reads and parses a settings file.
 * @returns undefined where the file does not exist.
 * @throws SyncError `config` when it is no YAML mapping, `permission` when it cannot be read.
 */
export async function readSettingsFile(path: string): Promise<SettingsFile | undefined> {
  const text = await read(path);
  if (text === undefined) return undefined;
  if (text.length > sizeLimit) {
    throw refusal({
      place: path,
      expected: `at most ${String(sizeLimit)} bytes`,
      value: text.length,
      remedy: 'name a settings file',
    });
  }
  // Loaded only where there is a file: half of all command lines run without one.
  const { parseDocument, LineCounter } = await import('../lib/yaml.ts');
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  // A tag of a foreign language (!!js/function) is a warning for the parser and a mistake for us.
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) {
    const { line, col } = lines.linePos(problem.pos[0]);
    const remedy = 'correct the YAML on that line';
    throw new SyncError(
      'config',
      `${path}:${String(line)}:${String(col)}: expected YAML, got an error: ${problem.message.replaceAll(/\s+/gu, ' ')}; ${remedy}`,
      { remedy },
    );
  }
  const value: unknown = document.toJS({ maxAliasCount: 100 });
  return { path, value: value ?? {}, at: (place) => positionOf({ path, document, lines }, place) };
}

async function read(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    const exit = code === 'EACCES' || code === 'EPERM' ? 'permission' : 'config';
    const remedy =
      exit === 'permission'
        ? `sudo chmod a+r ${path}, or run with sudo`
        : 'name a regular file with --config';
    throw new SyncError(
      exit,
      `${path}: expected a readable file, got ${errnoWords(error) ?? 'an error'}; ${remedy}`,
      {
        remedy,
        cause: error,
      },
    );
  }
}

interface Parsed {
  readonly path: string;
  readonly document: Document.Parsed;
  readonly lines: LineCounter;
}

function positionOf(file: Parsed, place: readonly PropertyKey[]): string {
  const offset = offsetOf(file.document.contents, place);
  return offset === undefined ? file.path : `${file.path}:${String(file.lines.linePos(offset).line)}`;
}

/** Where the key of a path begins; the nearest parent's key where the path itself is not written. */
function offsetOf(contents: unknown, place: readonly PropertyKey[]): number | undefined {
  let node = contents;
  let found: number | undefined;
  for (const part of place) {
    const items = (node as { items?: unknown } | null)?.items;
    if (!Array.isArray(items)) return found;
    const item: unknown = typeof part === 'number' ? items[part] : items.find((pair) => keyOf(pair) === part);
    if (item === undefined) return found;
    const pair = item as { key?: { range?: readonly number[] }; value?: unknown; range?: readonly number[] };
    found = pair.key?.range?.[0] ?? pair.range?.[0] ?? found;
    node = pair.key === undefined ? pair : pair.value;
  }
  return found;
}

function keyOf(pair: unknown): unknown {
  return (pair as { key?: { value?: unknown } }).key?.value;
}
