// From the save of an edit to its bytes on every node, edit by edit, with rounds of the bare loop in between.
import { floorFile, proven } from './loops.ts';
import type { Row } from './report.ts';
import type { Scene } from './scene.ts';
import { p50p99, percentile, type Lap } from './stats.ts';
import { FloorLoop } from './ways/floor.ts';
import { WarmController } from './ways/ours.ts';

/** How often the bare loop runs beside us; with fewer of its rounds its p99 would be no p99. */
const floorEvery = 5;
const fewestFloors = 100;
const graceMs = 100;
const residentMs = 1_000;

/** A program of its own on every node for every edit. */
export async function editRows(scene: Scene, edits: number): Promise<readonly Row[]> {
  const plain = await follow(scene, edits, false);
  return [floorRow(groupOf(scene), 'ours, from the save to the last node verified', plain)];
}

/** The same with receivers that stay on their sessions. */
export async function residentEditRows(scene: Scene, edits: number): Promise<readonly Row[]> {
  const resident = await follow(scene, edits, true);
  const group = `${groupOf(scene)}, with \`ssh.resident\``;
  return [
    floorRow(group, 'ours, from the save to the last node verified', resident),
    {
      group,
      what: 'the same in seconds',
      figure: p50p99(resident.ours),
      aim: `p99 <= ${String(residentMs / 1000)} s`,
      met: percentile(resident.ours, 0.99) <= residentMs,
      beside: `${String(resident.ours.length)} edits`,
    },
  ];
}

function groupOf(scene: Scene): string {
  return `Change to installed on ${String(scene.fleet.nodes.length)} nodes, edit by edit`;
}

interface Followed {
  readonly ours: readonly number[];
  readonly floor: readonly number[];
}

async function follow(scene: Scene, edits: number, resident: boolean): Promise<Followed> {
  const floor = new FloorLoop(scene);
  const warm = await WarmController.start(scene, { resident });
  const laps = { ours: [] as number[], floor: [] as number[] };
  const bare = (): Promise<Lap> => proven(scene, floorFile, (generation) => floor.run(generation));
  const edit = (): Promise<Lap> => proven(scene, 'etc/hosts', (generation) => warm.change(generation));
  try {
    // The first of each opens sessions and compiles.
    await bare();
    await edit();
    const every =
      edits / floorEvery >= fewestFloors ? floorEvery : Math.max(1, Math.floor(edits / fewestFloors));
    for (let index = 0; index < edits; index += 1) {
      if (index % every === 0) laps.floor.push((await bare()).ms);
      laps.ours.push((await edit()).ms);
      if (index % 50 === 49) console.error(`bench: ${String(index + 1)} of ${String(edits)} edits`);
    }
    return laps;
  } finally {
    await warm.close();
    await floor.close();
  }
}

function floorRow(group: string, what: string, { ours, floor }: Followed): Row {
  const aimMs = 1.3 * percentile(floor, 0.99) + graceMs;
  return {
    group,
    what,
    figure: p50p99(ours),
    aim: `p99 <= 1.3 x the floor's + ${String(graceMs)} ms, here ${(aimMs / 1000).toFixed(2)} s`,
    met: percentile(ours, 0.99) <= aimMs,
    beside: `${String(ours.length)} edits; floor ${p50p99(floor)} in ${String(floor.length)} rounds between them`,
  };
}
