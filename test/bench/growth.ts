// How the time of one change grows with the fleet: real nodes as far as there are any, then nodes that only answer.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ed25519Key } from '../fleet/keys.ts';
import { floorFile, inTurn, proven } from './loops.ts';
import { entriesOf, preparedEdit, writeRegistry, type Rowed } from './registry.ts';
import type { Row } from './report.ts';
import { settingsText, type Scene } from './scene.ts';
import { median, type Lap } from './stats.ts';
import { FloorLoop } from './ways/floor.ts';
import { WarmController, type Stage } from './ways/ours.ts';
import { simulatedTransport } from './ways/simulated.ts';

const sizes = [10, 100, 1_000, 5_000];
const mostRounds = 3;
/** More than this per node beyond the size before is worse than linear; less is noise of a shared machine. */
const noise = 1.15;

interface Sized {
  readonly nodes: number;
  readonly ours: readonly Lap[];
  readonly floor: readonly Lap[];
}

/** A table of its own: size by size, what one node costs in a change to all of them. */
export async function growthRows(scene: Scene, rounds: number): Promise<readonly Row[]> {
  const all = scene.fleet.nodes.length;
  const real: Sized[] = [];
  for (const nodes of sizes.filter((size) => size <= all)) {
    scene.take(nodes);
    real.push(await realNodes(scene, Math.min(rounds, mostRounds)));
    console.error(`bench: growth: ${String(nodes)} real nodes`);
  }
  scene.take(all);
  const simulated: Sized[] = [];
  for (const nodes of sizes) {
    simulated.push(await simulatedNodes(scene, nodes, Math.min(rounds, mostRounds)));
    console.error(`bench: growth: ${String(nodes)} simulated nodes`);
  }
  return [
    ...tableOf('Growth: real nodes, a change from the save to the last verified', real),
    ...tableOf('Growth: a simulated transport, CPU and time of the controller alone', simulated),
  ];
}

async function realNodes(scene: Scene, rounds: number): Promise<Sized> {
  const floor = new FloorLoop(scene);
  const warm = await WarmController.start(scene);
  const laps = { floor: [] as Lap[], ours: [] as Lap[] };
  const ways = [
    async () => {
      laps.floor.push(await proven(scene, floorFile, (generation) => floor.run(generation)));
    },
    async () => {
      laps.ours.push(await proven(scene, 'etc/hosts', (generation) => warm.change(generation)));
    },
  ];
  try {
    // The first of each opens sessions and compiles.
    for (const way of ways) await way();
    laps.floor.pop();
    laps.ours.pop();
    for (let round = 0; round < rounds; round += 1) await inTurn(round, ways);
    return { nodes: scene.fleet.nodes.length, ...laps };
  } finally {
    await warm.close();
    await floor.close();
  }
}

/** The whole controller over rows that nobody stands behind. */
async function simulatedNodes(scene: Scene, nodes: number, rounds: number): Promise<Sized> {
  const stage = paperStage(scene, nodes);
  const warm = await WarmController.start(stage, { transport: await simulatedTransport() });
  const ours: Lap[] = [];
  try {
    await warm.change(1);
    for (let round = 0; round < rounds; round += 1) ours.push(await warm.change(round + 2));
    return { nodes, ours, floor: [] };
  } finally {
    await warm.close();
  }
}

function paperStage(scene: Scene, count: number): Stage {
  const folder = join(scene.folder, `paper-${String(count)}`);
  const registry = join(folder, 'registry');
  mkdirSync(registry, { recursive: true });
  const rows: Rowed[] = Array.from({ length: count }, (_, index) => ({
    name: `paper-${String(index)}`,
    address: `10.200.${String(index >> 8)}.${String(index & 255)}`,
    user: 'node',
    hostKeys: [ed25519Key('paper').publicLine],
  }));
  writeRegistry(registry, rows, entriesOf(0));
  const settings = join(folder, 'config.yaml');
  writeFileSync(settings, settingsText(folder, registry, scene.fleet.clientKey));
  return { settings, fleet: { nodes: rows }, prepare: (to) => preparedEdit(registry, entriesOf(to)) };
}

function tableOf(group: string, measured: readonly Sized[]): readonly Row[] {
  return measured.map((one, index) => {
    const before = measured[index - 1];
    const each = perNode(one.ours, one.nodes);
    const ratio = before === undefined ? undefined : each / perNode(before.ours, before.nodes);
    const floor =
      one.floor.length === 0 ? '' : `, floor ${perNode(one.floor, one.nodes).toFixed(1)} ms a node`;
    const cpu = median(one.ours.map((lap) => lap.cpuMs ?? 0)) / one.nodes;
    return {
      group,
      what: `${one.nodes.toLocaleString('en')} nodes`,
      figure: `${each.toFixed(2)} ms a node${ratio === undefined ? '' : `, ${ratio.toFixed(2)} x the size before`}`,
      aim: ratio === undefined ? '' : `<= ${String(noise)} x`,
      ...(ratio === undefined ? {} : { met: ratio <= noise }),
      beside: `${(median(one.ours.map((lap) => lap.ms)) / 1000).toFixed(2)} s in all, ${cpu.toFixed(2)} ms of CPU a node in the controller${floor}`,
    };
  });
}

function perNode(laps: readonly Lap[], nodes: number): number {
  return median(laps.map((lap) => lap.ms)) / nodes;
}
