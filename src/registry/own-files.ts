import { join } from 'node:path';
import type { Clock } from '../lib/clock.ts';
import { SyncError } from '../lib/errors.ts';
import { readLimited, writeAtomic } from '../lib/files.ts';
import { acquireLock } from '../lib/os-lock.ts';
import type { OwnObject, OwnObjects } from './source.ts';

export interface OwnFilesOptions {
  /** Folder of the files, inside the state directory. */
  readonly folder: string;
  readonly lockWaitMs: number;
  readonly clock: Clock;
}

const limitBytes = 8 * 1024 * 1024;

/** Our own objects where there is no cluster: one JSON file each in the state directory, changed under a lock of the kernel. */
export function createOwnFiles(options: OwnFilesOptions): OwnObjects {
  const pathOf = (name: string): string => {
    if (!/^[a-z0-9][a-z0-9.-]{0,127}$/u.test(name))
      throw new SyncError('internal', `expected an object name, got ${JSON.stringify(name)}`);
    return join(options.folder, `${name}.json`);
  };
  const locked = async <T>(act: () => Promise<T>): Promise<T> => {
    using _lock = await acquireLock({
      path: join(options.folder, '.lock'),
      holder: '',
      waitMs: options.lockWaitMs,
      clock: options.clock,
    });
    return await act();
  };
  return {
    read: (name) => load(pathOf(name)),
    swap: (name, data, version) =>
      locked(async () => {
        const present = await load(pathOf(name));
        return present?.version === version ? store(pathOf(name), data, present) : undefined;
      }),
    patch: (name, data) =>
      locked(async () => {
        const present = await load(pathOf(name));
        const merged = Object.entries({ ...present?.data, ...data }).filter(
          (entry): entry is [string, string] => entry[1] !== null,
        );
        const next = Object.fromEntries(merged);
        if (JSON.stringify(next) !== JSON.stringify(present?.data)) store(pathOf(name), next, present);
      }),
  };
}

function store(path: string, data: Readonly<Record<string, string>>, present: OwnObject | undefined): string {
  const version = String(Number(present?.version ?? 0) + 1);
  writeAtomic(path, `${JSON.stringify({ version, data })}\n`);
  return version;
}

async function load(path: string): Promise<OwnObject | undefined> {
  const bytes = await readLimited(path, limitBytes);
  if (bytes === undefined) return undefined;
  try {
    const parsed: unknown = JSON.parse(bytes.toString('utf8'));
    if (isOwnObject(parsed)) return parsed;
  } catch {
    // Falls through: what is here can be lost, see the design's section on status.
  }
  // A damaged file is as good as none for hints; a swap that expects absence may replace it.
  return undefined;
}

function isOwnObject(value: unknown): value is OwnObject {
  if (typeof value !== 'object' || value === null || !('version' in value) || !('data' in value))
    return false;
  const { version, data } = value;
  return (
    typeof version === 'string' &&
    typeof data === 'object' &&
    data !== null &&
    Object.values(data).every((entry) => typeof entry === 'string')
  );
}
