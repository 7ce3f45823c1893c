import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** The databases of a state directory; they are copied by SQLite, never as files. */
export const databases = ['durable.db', 'history.db'] as const;

/** Where a restore keeps what was there before. */
export const asidePrefix = 'before-restore-';

// Locks and notes of who holds them, journals of the databases, damaged copies, half-written files, what restores kept.
const passed = [
  /(?:^|\/)\.[^/]*$/u,
  /(?:^|\/)(?:[^/]*\.)?lock(?:\.holder|-journal)?$/u,
  /\.(?:db)-(?:wal|shm|journal)$/u,
  /\.damaged-/u,
  /^before-restore-/u,
  // Private keys belong in no backup; a node takes a new one by `node add --restrict`.
  /^identity(?:\/|$)/u,
  // The key of the dashboard's sessions: beside the digests of tokens it would open one.
  /^sessions\.json$/u,
];

/** Every file of a state directory that makes up its state, by its path inside, databases among them. */
export function stateFiles(folder: string, below = ''): readonly string[] {
  return readdirSync(join(folder, below), { withFileTypes: true })
    .flatMap((entry) => {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (passed.some((pattern) => pattern.test(path))) return [];
      if (entry.isDirectory()) return stateFiles(folder, path);
      return entry.isFile() ? [path] : [];
    })
    .sort();
}

/** Everything right in a state directory that a restore moves aside, journals and damaged copies too. */
export function replacedEntries(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter(
      (name) =>
        !/^(?:\.|before-restore-|identity$)/u.test(name) &&
        !/(?:^|\.)lock(?:\.holder|-journal)?$/u.test(name),
    )
    .filter((name) => !lstatSync(join(folder, name)).isSocket())
    .sort();
}
