// The same job with a document a hundred times as long.
import { compareWarm, floorFile, proven } from './loops.ts';
import type { Row } from './report.ts';
import { ratioRow } from './rows.ts';
import { proveGeneration, type Scene } from './scene.ts';
import type { Lap } from './stats.ts';
import { ControlMasters, predecessor, predecessorPath } from './ways/openssh.ts';
import { WarmController } from './ways/ours.ts';

const mostRounds = 3;

/** A change and a no-op beside the floor, then OpenSSH over open connections and the predecessor's way. */
export async function compareBig(scene: Scene, rounds: number): Promise<readonly Row[]> {
  const few = Math.min(rounds, mostRounds);
  const warm = await WarmController.start(scene);
  const masters = new ControlMasters(scene);
  const group = `500 KB to ${String(scene.fleet.nodes.length)} nodes, warm`;
  const laps = { openssh: [] as Lap[], ours: [] as Lap[] };
  try {
    const rows = await compareWarm(scene, warm, { group, rounds: few });
    const ours = async (): Promise<Lap> => {
      const generation = scene.nextGeneration();
      const taken = await warm.change(generation);
      proveGeneration(scene, generation);
      return taken;
    };
    await masters.run(scene.nextGeneration());
    for (let round = 0; round < few; round += 1) {
      laps.ours.push(await ours());
      laps.openssh.push(await proven(scene, floorFile, (generation) => masters.run(generation)));
    }
    const old = await proven(scene, predecessorPath, (generation) => predecessor(scene, generation));
    return [
      ...rows,
      ratioRow({
        group,
        what: 'parallel OpenSSH over open ControlMasters / ours',
        above: laps.openssh,
        below: laps.ours,
        least: 1,
      }),
      ratioRow({ group, what: "predecessor's way / ours", above: [old], below: [await ours()], least: 1 }),
    ];
  } finally {
    await warm.close();
    await masters.close();
  }
}
