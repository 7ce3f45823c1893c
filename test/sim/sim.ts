// `make sim`: plays SEEDS seeds, or SEED alone with everything that happens in it. `make sim-mutants`, `make sim-masters`.
import { runSeeds, runTask, told, type Played } from './farm.ts';
import { mutants } from './mutants/mutants.ts';
import { hunt } from './mutants/hunt.ts';

const write = (text: string): void => {
  process.stdout.write(`${text}\n`);
};
const number = (name: string, fallback: number): number => Number(process.env[name] ?? '') || fallback;

async function one(seed: number): Promise<number> {
  const [played] = await runTask({ seeds: [seed, seed], play: 'script', keepTrace: true, shrink: true });
  if (played === undefined) return 1;
  write(played.lines.join('\n'));
  write(
    `seed ${String(seed)}: ${String(played.steps)} steps, ${(played.virtualMs / 60_000).toFixed(0)} virtual minutes, trace ${played.digest}`,
  );
  if (played.broken === undefined) {
    write('every promise held');
    return 0;
  }
  write(`broken: ${played.broken.message}`);
  if (played.script !== undefined) write(`what it takes: ${JSON.stringify(played.script, undefined, 1)}`);
  return 1;
}

async function many(
  count: number,
  play: 'script' | 'dual-masters',
  again: (seed: number) => string,
): Promise<number> {
  const began = performance.now();
  let done = 0;
  const onPlayed = ({ seed, broken }: Played): void => {
    done += 1;
    if (broken !== undefined) write(`seed ${String(seed)}: ${broken.message}`);
    if (done % 250 === 0) write(`${String(done)} of ${String(count)}`);
  };
  const played = await runSeeds(count, { play }, { from: number('FROM', 1), onPlayed });
  const broken = played.filter((each) => each.broken !== undefined);
  if (broken.length > 0) write(`\n${told(broken.slice(0, 5), again)}\n`);
  const virtualHours = played.reduce((sum, each) => sum + each.virtualMs, 0) / 3_600_000;
  write(
    `${String(played.length)} runs, ${virtualHours.toFixed(0)} virtual hours in ${((performance.now() - began) / 1000).toFixed(0)} s, ${String(broken.length)} broken`,
  );
  return broken.length === 0 ? 0 : 1;
}

async function allMutants(): Promise<number> {
  let survived = 0;
  for (const mutant of mutants) {
    const caught = await hunt(mutant);
    if (caught.seed === undefined) survived += 1;
    write(
      `${caught.seed === undefined ? 'SURVIVES' : `seed ${String(caught.seed)}`.padEnd(8)}  ${mutant.name}: ${caught.message}`,
    );
  }
  write(`${String(mutants.length - survived)} of ${String(mutants.length)} defects caught`);
  return survived === 0 ? 0 : 1;
}

const seed = process.env['SEED'];
const [what = 'seeds'] = process.argv.slice(2);
if (what === 'mutants') process.exitCode = await allMutants();
else if (what === 'masters')
  process.exitCode = await many(
    number('TRIALS', 10_000),
    'dual-masters',
    (each) => `FROM=${String(each)} TRIALS=1 make sim-masters`,
  );
else if (seed !== undefined && seed !== '') process.exitCode = await one(Number(seed));
else process.exitCode = await many(number('SEEDS', 300), 'script', (each) => `SEED=${String(each)} make sim`);
