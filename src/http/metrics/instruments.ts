import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** A label with what its values mean. */
export type Label<L extends string> = readonly [name: L, values: string];

/** What a metric is: enough to register it, and for its line in the documentation. */
export interface Wanted<L extends string> {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly Label<L>[];
}

/** A metric as the documentation has it. */
export interface Described {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly Label<string>[];
}

/** Every metric is made here, so that none is exposed that the documentation does not have. */
export class Instruments {
  readonly registry = new Registry();
  readonly #described: Described[] = [];

  /** In the order in which they were made. */
  get described(): readonly Described[] {
    return this.#described;
  }

  counter<L extends string = never>(wanted: Wanted<L>): Counter<L> {
    return new Counter(this.#noted('counter', wanted));
  }

  gauge<L extends string = never>(wanted: Wanted<L>): Gauge<L> {
    return new Gauge(this.#noted('gauge', wanted));
  }

  histogram<L extends string = never>(wanted: Wanted<L>, buckets: readonly number[]): Histogram<L> {
    return new Histogram({ ...this.#noted('histogram', wanted), buckets: [...buckets] });
  }

  #noted<L extends string>(type: Described['type'], { name, help, labels = [] }: Wanted<L>) {
    this.#described.push({ name, type, help, labels });
    // Not the registry that prom-client shares between all who import it.
    return { name, help, labelNames: labels.map(([label]) => label), registers: [this.registry] };
  }
}

/** Sets a gauge that has no value where there is nothing to tell: 0 would be a lie. */
export function setOrOmit(gauge: Gauge<never>, value: number | null | undefined): void {
  if (value === null || value === undefined || !Number.isFinite(value)) gauge.remove();
  else gauge.set(value);
}

/** Gives a counter the total that is counted elsewhere. */
export function setTotal(counter: Counter<never>, total: number): void {
  counter.reset();
  counter.inc(total);
}

/** A gauge a state, of which the present one is 1: an alert can name each, and none vanishes. */
export function eachState<V extends string>(
  values: readonly V[],
  present: V | undefined,
  set: (value: V, is: 0 | 1) => void,
): void {
  for (const value of values) set(value, value === present ? 1 : 0);
}
