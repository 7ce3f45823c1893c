import type { Disk } from '../disk/disk.ts';

/** The computer under a controller: its disk and its idea of the time outlive the process. */
export interface Machine {
  readonly name: string;
  readonly disk: Disk;
  /** Wall clock minus true time, in milliseconds. */
  wallOffsetMs: number;
}
