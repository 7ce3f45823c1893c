// Ours beside the bare loop, in turn on the same nodes.
import { linesOf } from './registry.ts';
import type { Row } from './report.ts';
import type { Scene } from './scene.ts';
import { cpuRow, emptyRow, phasesRow, ratioRow } from './rows.ts';
import type { Lap } from './stats.ts';
import { FloorLoop } from './ways/floor.ts';
import { coldPush, type WarmController } from './ways/ours.ts';
import { parallelCold } from './ways/openssh.ts';
import { stampOf } from './ways/requests.ts';

export const floorFile = 'etc/hosts.floor';
const ownFile = 'etc/hosts';

/** Cold: every run opens its own sessions. OpenSSH's own cold way runs beside, where it is asked for. */
export async function compareCold(
  scene: Scene,
  rounds: number,
  { group, openssh }: { readonly group: string; readonly openssh: boolean },
): Promise<readonly Row[]> {
  const floor = new FloorLoop(scene);
  const laps = { floor: [] as Lap[], ours: [] as Lap[], openssh: [] as Lap[] };
  // First contact costs a node more than any later push; it is no part of the comparison.
  await proven(scene, ownFile, (generation) => coldPush(scene, generation));
  await proven(scene, floorFile, (generation) => floor.run(generation));
  await floor.close();
  for (let round = 0; round < rounds; round += 1) {
    await inTurn(round, [
      async () => {
        laps.floor.push(await proven(scene, floorFile, (generation) => floor.run(generation)));
        await floor.close();
      },
      async () => {
        laps.ours.push(await proven(scene, ownFile, (generation) => coldPush(scene, generation)));
      },
      async () => {
        if (openssh)
          laps.openssh.push(await proven(scene, floorFile, (generation) => parallelCold(scene, generation)));
      },
    ]);
  }
  return [
    ratioRow({
      group,
      what: 'ours / floor, `syncctl push` without a daemon',
      above: laps.ours,
      below: laps.floor,
    }),
    ratioRow({
      group,
      what: 'ours / floor, without asking for the epochs',
      above: laps.ours.map((lap) => without(lap, 'term')),
      below: laps.floor,
    }),
    ...(openssh
      ? [
          ratioRow({
            group,
            what: 'parallel OpenSSH / ours',
            above: laps.openssh,
            below: laps.ours,
            least: 1,
          }),
        ]
      : []),
    phasesRow(group, laps.ours),
    cpuRow(group, laps.ours, laps.floor),
  ];
}

/** Warm: sessions are open; a change of one line, and a push of what is there already. */
export async function compareWarm(
  scene: Scene,
  warm: WarmController,
  { group, rounds }: { readonly group: string; readonly rounds: number },
): Promise<readonly Row[]> {
  const floor = new FloorLoop(scene);
  const change = { floor: [] as Lap[], ours: [] as Lap[] };
  const noop = { floor: [] as Lap[], ours: [] as Lap[] };
  const before = scene.sessions();
  await proven(scene, floorFile, (generation) => floor.run(generation));
  for (let round = 0; round < rounds; round += 1) {
    await inTurn(round, [
      async () => {
        change.floor.push(await proven(scene, floorFile, (generation) => floor.run(generation)));
      },
      async () => {
        change.ours.push(await proven(scene, ownFile, (generation) => warm.change(generation)));
      },
    ]);
  }
  const same = scene.nextGeneration();
  await floor.run(same);
  const empty = await floor.empty();
  for (let round = 0; round < rounds; round += 1) {
    await inTurn(round, [
      async () => {
        noop.floor.push(await floor.run(same));
      },
      async () => {
        noop.ours.push(await warm.noop());
      },
    ]);
  }
  await floor.close();
  const after = scene.sessions();
  const runs = 4 * rounds + 3;
  return [
    ratioRow({
      group,
      what: 'ours / floor, change, push',
      above: change.ours.map((lap) => without(lap, 'wait')),
      below: change.floor,
    }),
    ratioRow({ group, what: 'ours / floor, change, from the save', above: change.ours, below: change.floor }),
    ratioRow({ group, what: 'ours / floor, no-op', above: noop.ours, below: noop.floor }),
    phasesRow(group, change.ours),
    cpuRow(group, change.ours, change.floor),
    emptyRow(group, empty, change.floor),
    {
      group,
      what: 'commands per node and run',
      aim: '1',
      beside: `${String(after.commands - before.commands)} commands in ${String(runs)} runs over all nodes`,
      figure: ((after.commands - before.commands) / runs / scene.fleet.nodes.length).toFixed(2),
      met: after.commands - before.commands === runs * scene.fleet.nodes.length,
    },
  ];
}

/** Every second round the other way round, so that no way always runs behind the same one. */
export async function inTurn(round: number, ways: readonly (() => Promise<void>)[]): Promise<void> {
  for (const way of round % 2 === 0 ? ways : ways.toReversed()) await way();
}

/** Runs a way with a new generation and then reads every node's own file. */
export async function proven(
  scene: Scene,
  file: string,
  run: (generation: number) => Promise<Lap>,
): Promise<Lap> {
  const generation = scene.nextGeneration();
  const lap = await run(generation);
  scene.prove(file, file === floorFile ? [stampOf(generation)] : linesOf(scene.entries(generation)));
  return lap;
}

export function without(lap: Lap, phase: string): Lap {
  return { ...lap, ms: lap.ms - (lap.phases?.[phase] ?? 0) };
}
