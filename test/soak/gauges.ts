import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { until } from '../e2e/rig.ts';

/** What the daemon holds at a calm moment. */
export interface Gauge {
  readonly minute: number;
  readonly heapMb: number;
  readonly rssMb: number;
  readonly descriptors: number;
  readonly threads: number;
  readonly timers: number;
  readonly sockets: number;
}

/** Reads the daemon's gauges: memory after a collection of garbage, the rest from /proc. */
export async function readGauge(pid: number, probe: string, minute: number): Promise<Gauge> {
  rmSync(probe, { force: true });
  process.kill(pid, 'SIGUSR2');
  const read = (): { heap: number; kinds: Record<string, number> } | undefined => {
    try {
      return JSON.parse(readFileSync(probe, 'utf8')) as { heap: number; kinds: Record<string, number> };
    } catch {
      return undefined;
    }
  };
  await until('the daemon has told what it holds', () => read() !== undefined, 30_000);
  const { heap = 0, kinds = {} } = read() ?? {};
  const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
  const line = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, 'mu').exec(status)?.[1] ?? 0);
  return {
    minute,
    heapMb: heap / 1e6,
    rssMb: (line('VmRSS') * 1_024) / 1e6,
    descriptors: readdirSync(`/proc/${String(pid)}/fd`).length,
    threads: line('Threads'),
    timers: kinds['Timeout'] ?? 0,
    sockets: kinds['TCPSocketWrap'] ?? 0,
  };
}

/** Units per minute by which a series grows: the straight line through it. */
export function slopeOf(points: readonly { readonly minute: number; readonly value: number }[]): number {
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, one) => sum + one, 0) / values.length;
  const [x, y] = [mean(points.map(({ minute }) => minute)), mean(points.map(({ value }) => value))];
  const above = points.reduce((sum, { minute, value }) => sum + (minute - x) * (value - y), 0);
  const below = points.reduce((sum, { minute }) => sum + (minute - x) ** 2, 0);
  return below === 0 ? 0 : above / below;
}

/** The largest distance between two values of a series. */
export function spreadOf(values: readonly number[]): number {
  return values.length === 0 ? 0 : Math.max(...values) - Math.min(...values);
}

/** What grew, one sentence each. The first third is warming up; memory may move, but not climb. */
export function growth(gauges: readonly Gauge[]): readonly string[] {
  const settled = gauges.slice(Math.floor(gauges.length / 3));
  const last = settled.at(-1);
  const first = settled[0];
  if (first === undefined || last === undefined || settled.length < 3)
    return ['too few calm moments to judge growth'];
  const told: string[] = [];
  const series = settled.map(({ minute, heapMb }) => ({ minute, value: heapMb }));
  const risen = slopeOf(series) * (last.minute - first.minute);
  // What a run of any length may have grown: the history keeps the latest revisions in memory.
  const allowed = 4 + first.heapMb * 0.1;
  if (risen > allowed) told.push(`heap rose by ${risen.toFixed(1)} MB, allowed ${allowed.toFixed(1)} MB`);
  for (const name of ['descriptors', 'threads', 'timers', 'sockets'] as const) {
    const rise = last[name] - Math.max(first[name], settled[1]?.[name] ?? 0);
    if (rise > 3) told.push(`${name} rose by ${String(rise)}`);
  }
  return told;
}
