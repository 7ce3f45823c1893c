import { disagreement } from '../check/agreement.ts';
import type { Stage } from '../stage.ts';
import type { Wanted } from './excuses.ts';

/** One part of the script. What it waits for it does not demand: the process may be dead at any moment of it. */
export type Act = (stage: Stage, wanted: Wanted) => Promise<void>;

/** Lets time pass until all agrees, or until patience ends. */
export async function settled(stage: Stage, ms = 12_000): Promise<void> {
  const { world } = stage;
  await world.run(world.nowMs + ms, () => disagreement(stage) === undefined);
}
