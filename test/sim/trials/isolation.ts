import { edit } from '../act/registry.ts';
import { bytesDiffer, statusDiffers } from '../check/agreement.ts';
import { Violation } from '../kernel/world.ts';
import type { SimNode } from '../node/node.ts';
import { perform, type Verdict } from '../run.ts';
import type { Script } from '../script/action.ts';
import { plain } from '../script/settings.ts';
import type { Stage } from '../stage.ts';

const fleet = 100;
const sick = 10;
const edits = 4;

const scriptOf = (seed: number): Script => ({
  seed,
  nodes: fleet,
  periodHours: 1,
  pollMs: 60_000,
  parallel: 32,
  settings: plain,
  twins: false,
  faultsMs: 0,
  probes: [],
  actions: [],
});

/** How a node may be sick: gone before the dial, silent after the login, slow at the work, full. */
const sicknesses: readonly ((node: SimNode) => void)[] = [
  (node) => (node.link = 'silent'),
  (node) => (node.link = 'mute'),
  (node) => (node.link = 'refused'),
  (node) => (node.extraMs = 45_000),
  (node) => (node.disk = 'full'),
  (node) => (node.trouble = 0.9),
];

/** How long edits took to reach the nodes that are well, with some others sick or with none. */
async function measure(seed: number, isSick: boolean): Promise<{ verdict: Verdict; meanMs: number }> {
  let meanMs = 0;
  const verdict = await perform(scriptOf(seed), false, async (stage) => {
    const { world, main, dice } = stage;
    main.start();
    await world.run(60_000);
    const first = dice.int(0, sicknesses.length - 1);
    const ill = stage.nodes.slice(0, sick);
    if (isSick) ill.forEach((node, n) => sicknesses[(first + n) % sicknesses.length]?.(node));
    const well = stage.nodes.filter((node) => !ill.includes(node) && node.kind === 'hosts');
    const times: number[] = [];
    for (let turn = 0; turn < edits; turn += 1) {
      edit(stage, 'change');
      times.push(...(await timesOf(stage, well)));
      await world.run(world.nowMs + 7_000);
    }
    meanMs = times.reduce((sum, ms) => sum + ms, 0) / times.length;
  });
  return { verdict, meanMs };
}

/** When each node had the newest revision and was known to have it. */
async function timesOf(stage: Stage, nodes: readonly SimNode[]): Promise<readonly number[]> {
  const { world } = stage;
  const beganMs = world.nowMs;
  const left = new Set(nodes);
  const times: number[] = [];
  await world.run(beganMs + 40_000, () => {
    for (const node of left)
      if (bytesDiffer(stage, node) === undefined && statusDiffers(stage, node) === undefined) {
        left.delete(node);
        times.push(world.nowMs - beganMs);
      }
    return left.size === 0;
  });
  if (left.size > 0)
    throw new Violation('I10', `${String(left.size)} healthy nodes did not get an edit in 40 s`);
  return times;
}

/** Faults on a tenth of the nodes delay the others by under a tenth. */
export async function playIsolation(seed: number): Promise<Verdict> {
  const healthy = await measure(seed, false);
  const { verdict, meanMs } = await measure(seed, true);
  const times = [
    { what: 'healthy', ms: Math.round(healthy.meanMs * 10) / 10 },
    { what: 'beside sick ones', ms: Math.round(meanMs * 10) / 10 },
  ];
  const broken = healthy.verdict.broken ?? verdict.broken;
  if (broken !== undefined) return { ...verdict, broken, times };
  const message = `I10: edits took ${meanMs.toFixed(0)} ms beside sick nodes, ${healthy.meanMs.toFixed(0)} ms without`;
  return meanMs <= healthy.meanMs * 1.1
    ? { ...verdict, times }
    : { ...verdict, times, broken: { invariant: 'I10', message } };
}
