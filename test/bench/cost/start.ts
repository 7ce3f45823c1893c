import type { Scene } from '../scene.ts';
import { wholeRun } from './process.ts';

export interface StartCost {
  readonly bare: readonly number[];
  readonly help: readonly number[];
  readonly health: readonly number[];
}

/** Whole processes, one after the other in turn: Node with nothing to do, `--help`, `health` on the directory source without a daemon. */
export async function measureStarts(scene: Scene, main: string, rounds: number): Promise<StartCost> {
  const env = { PATH: process.env['PATH'] ?? '', HOME: scene.folder, NO_COLOR: '1' };
  const runs = {
    bare: ['-e', '0'],
    help: [main, '--help'],
    health: [main, 'health', '--config', scene.settings],
  } as const;
  const cost = { bare: [] as number[], help: [] as number[], health: [] as number[] };
  // The first of each fills the compile cache and the page cache.
  for (const argv of Object.values(runs)) await wholeRun(process.execPath, argv, env);
  for (let round = 0; round < rounds; round += 1) {
    cost.bare.push(await wholeRun(process.execPath, runs.bare, env));
    cost.help.push(await wholeRun(process.execPath, runs.help, env));
    cost.health.push(await wholeRun(process.execPath, runs.health, env));
  }
  return cost;
}
