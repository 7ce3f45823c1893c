import type { Gauge } from './gauges.ts';
import type { Soaked } from './run-soak.ts';

const columns = [
  ['minute', (gauge: Gauge) => gauge.minute.toFixed(1)],
  ['heap MB', (gauge: Gauge) => gauge.heapMb.toFixed(1)],
  ['RSS MB', (gauge: Gauge) => gauge.rssMb.toFixed(0)],
  ['descriptors', (gauge: Gauge) => String(gauge.descriptors)],
  ['threads', (gauge: Gauge) => String(gauge.threads)],
  ['timers', (gauge: Gauge) => String(gauge.timers)],
  ['sockets', (gauge: Gauge) => String(gauge.sockets)],
] as const;

/** The table at the end of a soak. */
export function tableOf(soaked: Soaked): string {
  const rows = thinned(soaked.gauges).map((gauge) =>
    columns.map(([name, of]) => of(gauge).padStart(name.length)),
  );
  const counts = (map: ReadonlyMap<string, number>): string =>
    [...map].map(([name, count]) => `${name} ${String(count)}`).join(', ');
  const calm = soaked.calmSeconds.toSorted((a, b) => a - b);
  return [
    columns.map(([name]) => name).join('  '),
    ...rows.map((row) => row.join('  ')),
    '',
    `edits      ${String(soaked.edits)}`,
    `faults     ${counts(soaked.faults)}`,
    `commands   ${counts(soaked.commands)}`,
    `looks      ${String(soaked.looks)} at nodes for I1 and I7`,
    `calm after ${(calm[Math.floor(calm.length / 2)] ?? 0).toFixed(1)} s in the middle, ${(calm.at(-1) ?? 0).toFixed(1)} s at most, ${String(calm.length)} times`,
    ...soaked.broken.map((line) => `BROKEN     ${line}`),
    soaked.broken.length === 0 ? 'every promise held' : `${String(soaked.broken.length)} promises broken`,
  ].join('\n');
}

/** At most twenty rows, the first and the last among them. */
function thinned(gauges: readonly Gauge[]): readonly Gauge[] {
  const step = Math.max(1, Math.ceil(gauges.length / 20));
  return gauges.filter((_, index) => index % step === 0 || index === gauges.length - 1);
}
