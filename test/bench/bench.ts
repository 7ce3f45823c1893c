// make bench: the main job on real nodes beside other ways to do it. Exit 1 only if something did not work, never for a time.
import { fleetAvailable } from '../fleet/availability.ts';
import { compareCold, compareWarm } from './loops.ts';
import { compareResident } from './resident.ts';
import { copyProduct } from './cost/process.ts';
import { daemonRows, receiverRows, startRows } from './costs.ts';
import { keepResults } from './document.ts';
import { benchOptions, type BenchOptions, type Part } from './options.ts';
import { comparePeers } from './peers.ts';
import { machineFacts, textTable, type Row } from './report.ts';
import { openScene, type Scene } from './scene.ts';
import { ansibleVersion } from './ways/ansible.ts';
import { WarmController } from './ways/ours.ts';

const coldRounds = 5;

async function main(): Promise<void> {
  const options = benchOptions(process.env);
  const possible = fleetAvailable('namespaces');
  if (!possible.available) throw new Error(`bench: real nodes are needed: ${possible.reason}`);
  const facts = machineFacts(await ansibleVersion());
  const date = new Date().toISOString().slice(0, 10);
  const rows = await measure(options);
  console.log(facts.join('\n'));
  console.log(textTable(rows));
  if (options.whole)
    console.log(
      `\nkept in ${keepResults({ rows, facts, date, nodes: options.nodes, rounds: options.rounds })}`,
    );
  else console.log('\na part only: docs/benchmarks.md is left as it is');
}

async function measure({ nodes, rounds, only }: BenchOptions): Promise<readonly Row[]> {
  const rows: Row[] = [];
  const part = async (name: Part, work: () => Promise<readonly Row[]>): Promise<void> => {
    if (!only.has(name)) return;
    console.error(`bench: ${name}`);
    rows.push(...(await work()));
  };
  await part('receiver', receiverRows);
  const scene = await openScene(nodes);
  try {
    const product = copyProduct(scene.folder);
    await part('start', () => startRows(scene, product, rounds * 2));
    await part('cold', () => compareCold(scene, Math.min(rounds, coldRounds)));
    if (only.has('warm') || only.has('peers')) await warmParts(scene, rounds, part);
    await part('resident', () => compareResident(scene, rounds));
    await part('daemon', () => daemonRows(scene, product));
  } finally {
    await scene.close();
  }
  return rows;
}

type RunPart = (name: Part, work: () => Promise<readonly Row[]>) => Promise<void>;

async function warmParts(scene: Scene, rounds: number, part: RunPart): Promise<void> {
  const warm = await WarmController.start(scene, { resident: false });
  try {
    await part('warm', () => compareWarm(scene, warm, rounds));
    await part('peers', () => comparePeers(scene, warm, rounds));
  } finally {
    await warm.close();
  }
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
