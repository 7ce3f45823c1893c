import { existsSync, renameSync } from 'node:fs';
import type { Clock } from '../lib/clock.ts';

/** The files of one database. */
export const databaseSuffixes = ['', '-wal', '-shm'] as const;

/** Moves a damaged database out of the way, with its journal. @returns where it is now. */
export function moveDatabaseAside(path: string, clock: Clock): string {
  const stamp = new Date(clock.now()).toISOString().replaceAll(/[-:]|\.\d+/gu, '');
  const aside = `${path}.damaged-${stamp}`;
  for (const suffix of databaseSuffixes)
    if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix);
  return aside;
}
