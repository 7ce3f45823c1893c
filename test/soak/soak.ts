// `make soak`: MINUTES (60) of bad days for NODES (100) real nodes and the daemon as a process; SEED=n repeats a choice of deeds, RESIDENT=1 keeps receivers.
import { soak } from './run-soak.ts';
import { tableOf } from './report.ts';

const number = (name: string, fallback: number): number => Number(process.env[name] ?? '') || fallback;

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
const seed = number('SEED', Math.floor(performance.timeOrigin) % 1_000_000);
say(`seed ${String(seed)}`);
const soaked = await soak({
  minutes: number('MINUTES', 60),
  nodes: number('NODES', 100),
  seed,
  resident: process.env['RESIDENT'] === '1',
  say,
});
say(`\n${tableOf(soaked)}`);
process.exit(soaked.broken.length === 0 ? 0 : 1);
