// make bench: the main job on real nodes beside other ways to do it. Exit 1 only if something did not work, never for a time.
import { fleetAvailable } from '../fleet/availability.ts';
import { compareBig } from './big.ts';
import { copyProduct } from './cost/process.ts';
import { daemonRows, receiverRows, startRows, watcherRows } from './costs.ts';
import { keepSections } from './document.ts';
import { editRows, residentEditRows } from './edits.ts';
import { growthRows } from './growth.ts';
import { loadedRows } from './loaded.ts';
import { compareCold, compareWarm } from './loops.ts';
import { benchOptions, type BenchOptions, type Part } from './options.ts';
import { comparePeers } from './peers.ts';
import { planningRows } from './planning.ts';
import { pulledRows } from './pulled/rows.ts';
import { machineFacts, textTable, type Row } from './report.ts';
import { compareResident } from './resident.ts';
import { openScene, type Scene } from './scene.ts';
import { sectionOf, type Section } from './section.ts';
import { manyNodes } from './thousand.ts';
import { ansibleVersion } from './ways/ansible.ts';
import { WarmController } from './ways/ours.ts';
import { writeRows } from './writes.ts';

type RunPart = (name: Part, work: () => Promise<readonly Row[]>) => Promise<void>;

async function main(): Promise<void> {
  const options = benchOptions(process.env);
  const possible = fleetAvailable('namespaces');
  if (!possible.available) throw new Error(`bench: real nodes are needed: ${possible.reason}`);
  const facts = machineFacts(await ansibleVersion());
  console.log(facts.join('\n'));
  const sections: Section[] = [];
  const part: RunPart = async (name, work) => {
    if (!options.only.has(name)) return;
    console.error(`bench: ${name}`);
    const begun = sectionOf(name, options, facts);
    const section = begun(await work());
    console.log(textTable(section.rows));
    sections.push(section);
    // Part by part, so that a run that breaks off loses only what it had not measured.
    if (options.keep) console.log(`kept in ${keepSections([section])}`);
  };
  await measure(options, part);
  if (!options.keep) console.log('\nnot kept: KEEP=1 renews these sections of docs/benchmarks.md');
}

async function measure(options: BenchOptions, part: RunPart): Promise<void> {
  const { nodes, many, rounds, only } = options;
  const wants = (...names: readonly Part[]): boolean => names.some((name) => only.has(name));
  await part('receiver', receiverRows);
  if (wants('start', 'cold', 'warm', 'peers', 'resident', 'daemon', 'watchers', 'edits', 'edits-resident'))
    await withScene(openScene(nodes), (scene) => hundred(scene, options, part));
  if (wants('big'))
    await withScene(openScene(nodes, 'large'), (scene) => part('big', () => compareBig(scene, rounds)));
  if (wants('growth', 'thousand'))
    await withScene(openScene(many), async (scene) => {
      await part('growth', () => growthRows(scene, rounds));
      await part('thousand', () => manyNodes(scene, copyProduct(scene.folder), rounds));
    });
  await part('pull', () => pulledRows(many, rounds));
  await part('planning', () => planningRows(rounds));
  await part('loaded', () => loadedRows(options.edits));
  await part('writes', writeRows);
}

async function hundred(scene: Scene, { rounds, edits, only }: BenchOptions, part: RunPart): Promise<void> {
  const product = copyProduct(scene.folder);
  await part('start', () => startRows(scene, product, rounds * 2));
  await part('cold', () =>
    compareCold(scene, rounds, { group: 'Cold: new sessions to every node', openssh: true }),
  );
  if (only.has('warm') || only.has('peers')) await warmParts(scene, rounds, part);
  await part('resident', () => compareResident(scene, rounds));
  await part('daemon', () =>
    daemonRows(scene, product, {
      group: 'The daemon, a process of its own with warm sessions',
      mostMb: 120,
    }),
  );
  await part('watchers', () => watcherRows(scene, product, rounds));
  await part('edits', () => editRows(scene, edits));
  await part('edits-resident', () => residentEditRows(scene, edits));
}

async function warmParts(scene: Scene, rounds: number, part: RunPart): Promise<void> {
  const warm = await WarmController.start(scene);
  try {
    await part('warm', () => compareWarm(scene, warm, { group: 'Warm: sessions are open', rounds }));
    await part('peers', () => comparePeers(scene, warm, rounds));
  } finally {
    await warm.close();
  }
}

async function withScene(opening: Promise<Scene>, work: (scene: Scene) => Promise<void>): Promise<void> {
  const scene = await opening;
  try {
    await work(scene);
  } finally {
    await scene.close();
  }
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
