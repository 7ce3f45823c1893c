/** One measured run over the whole fleet. */
export interface Lap {
  readonly ms: number;
  /** CPU of the controlling process itself; absent where other programs did the work. */
  readonly cpuMs?: number;
  /** Named pieces of `ms`. */
  readonly phases?: Readonly<Record<string, number>>;
}

/** The middle of some numbers; of an even count the mean of the two middle ones. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(half) - 1], sorted[Math.floor(half)]];
  if (low === undefined || high === undefined) throw new Error('bench: a median of nothing');
  return (low + high) / 2;
}

/** Ratio pair by pair, so that a machine that slows down for a while slows both sides of a pair. */
export function pairRatios(above: readonly number[], below: readonly number[]): readonly number[] {
  return above.flatMap((value, index) => {
    const other = below[index];
    return other === undefined ? [] : [value / other];
  });
}

/** Median with the lowest and the highest, to show how noisy it was. */
export function spread(values: readonly number[], digits: number): string {
  const form = (value: number): string => value.toFixed(digits);
  return `${form(median(values))} (${form(Math.min(...values))}-${form(Math.max(...values))})`;
}

/** Measures one piece of work of this process. */
export async function lap(work: () => Promise<Readonly<Record<string, number>> | undefined>): Promise<Lap> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  const phases = await work();
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return { ms, cpuMs: (user + system) / 1000, ...(phases === undefined ? {} : { phases }) };
}

/** Runs `work` on every item, at most `places` at once. */
export async function eachOf<T>(
  items: readonly T[],
  places: number,
  work: (item: T, index: number) => Promise<void>,
): Promise<void> {
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) await work(item, index);
  };
  await Promise.all(Array.from({ length: Math.min(places, items.length) }, worker));
}

/** The smallest value that `part` of them do not exceed; of few values that is the largest. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)];
  if (value === undefined) throw new Error('bench: a percentile of nothing');
  return value;
}

/** p50 and p99 in seconds, as a row shows them. */
export function p50p99(values: readonly number[]): string {
  const form = (part: number): string => (percentile(values, part) / 1000).toFixed(2);
  return `p50 ${form(0.5)} s, p99 ${form(0.99)} s`;
}
