import { bytesDiffer, statusDiffers } from '../check/agreement.ts';
import { Violation } from '../kernel/world.ts';
import type { SimNode } from '../node/node.ts';
import type { Stage } from '../stage.ts';

/** Something that is tried in a healthy world, and what must come of it. */
export type Probe = (stage: Stage) => Promise<void>;

/** Time limits of a healthy world, in milliseconds. Traefik reads its file up to two seconds late. */
export const limits = { edit: 5_000, back: 6_000, backAndLoaded: 9_000, restart: 60_000 };

/** Lets time pass until all nodes agree; the promise is broken where that takes longer. @returns how long it took. */
export async function agree(
  stage: Stage,
  nodes: readonly SimNode[],
  ms: number,
  what: string,
): Promise<number> {
  const { world } = stage;
  const beganMs = world.nowMs;
  const untilMs = beganMs + ms + stage.batchesMs;
  const why = (): string | undefined =>
    nodes
      .map((node) => bytesDiffer(stage, node) ?? statusDiffers(stage, node))
      .find((each) => each !== undefined);
  // Nothing can have come to agree where no node and no status has changed.
  let seen = -1;
  await world.run(untilMs, () => {
    if (seen === stage.stamp) return false;
    seen = stage.stamp;
    return why() === undefined;
  });
  const still = why();
  if (still !== undefined) throw new Violation('I5', `${what}: after ${String(ms)} ms ${still}`);
  return world.nowMs - beganMs;
}

/** Lets time pass. */
export function wait(stage: Stage, ms: number): Promise<void> {
  return stage.world.run(stage.world.nowMs + ms);
}

/** kill -9, and the next life up to its first term. */
export async function again(stage: Stage): Promise<void> {
  stage.main.kill();
  await stage.world.run(stage.world.nowMs + limits.restart, () => stage.main.engine?.needsTerm() === false);
}
