// `make sim-crash`: lets the controller die at every await of its push path, or at POINT alone with everything that happens.
import { sides } from './bomb.ts';
import { momentsOf, recorded, runAll, runCrashes, told, type Depth } from './crash-farm.ts';
import { allPoints } from './scope.ts';
import type { Survived } from './task.ts';

const write = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

async function one(point: string): Promise<number> {
  const moments = [point === 'none' ? null : point];
  const [run] = await runCrashes({ moments, keepTrace: true, whole: process.env['WHOLE'] === '1' });
  if (run === undefined) return 1;
  write(run.lines.join('\n'));
  if (run.victim === undefined && point !== 'none') write(`nobody came to ${point}`);
  write(run.broken === undefined ? 'every promise held' : `broken: ${run.broken.message}`);
  return run.broken === undefined ? 0 : 1;
}

async function all(): Promise<number> {
  const began = performance.now();
  const reference = await recorded();
  if (reference.broken !== undefined) {
    write(`the script itself: ${reference.broken.message}`);
    return 1;
  }
  const depths: readonly Depth[] =
    process.env['DEPTH'] === 'acts' ? ['first', 'later', 'acts'] : ['first', 'later'];
  const wanted = process.env['SIDES']?.split(',') ?? sides;
  const chosen = momentsOf(reference, { sides: sides.filter((side) => wanted.includes(side)), depths });
  const every = Number(process.env['EVERY'] ?? '1');
  const moments = chosen.filter((_, index) => index % every === 0);
  let done = 0;
  const onRun = ({ moment, broken, victim }: Survived): void => {
    done += 1;
    if (broken !== undefined || victim === undefined) write(`${moment}: ${broken?.message ?? 'nobody died'}`);
    if (done % 250 === 0) write(`${String(done)} of ${String(moments.length)}`);
  };
  const runs = await runAll({ moments, whole: process.env['WHOLE'] === '1' }, onRun);
  const broken = runs.filter((run) => run.broken !== undefined || run.victim === undefined);
  if (broken.length > 0) write(`\n${told(broken.slice(0, 3))}\n`);
  const points = allPoints();
  const reached = new Set(reference.passed.map(([key]) => key.replace(/\/\w+$/u, '')));
  const missing = points.filter((point) => !reached.has(point));
  write(`never reached:\n  ${missing.join('\n  ')}`);
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  write(
    `${String(points.length)} awaits, ${String(points.length - missing.length)} reached, ${String(runs.length)} deaths in ${seconds} s, ${String(broken.length)} broken`,
  );
  return broken.length === 0 ? 0 : 1;
}

const point = process.env['POINT'] ?? '';
process.exitCode = await (point === '' ? all() : one(point));
