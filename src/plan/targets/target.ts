import type { Bundle, TargetKind } from '../../model/bundle.ts';
import type { CauseClass } from '../../model/cause.ts';
import type { Flag } from '../../wire/request.ts';

/** Whether a consumer serves what the plan says, or the first thing in which it does not. */
export type Comparison = { readonly agrees: true } | { readonly agrees: false; readonly evidence: string };

/** How a consumer that does not read the file anew for each question comes to know new bytes. */
export interface Loading {
  /** Asked of the node before the bytes change, and while the consumer takes them up. */
  readonly before: readonly Flag[];
  readonly proof: readonly Flag[];
  /** True where the node tells its consumer to load: then one that does not serve installed bytes can be told again. */
  readonly told: boolean;
}

/** What a consumer reports of itself, compared with the plan. `previous` is what stood in our file before. */
export interface Report {
  readonly compare: (bundle: Bundle, raw: Uint8Array, previous: string) => Comparison;
  readonly silent: string;
}

/** The last rung: what a user of the node would see, as the node itself judges it. */
export interface LastRung {
  readonly rung: string;
  readonly bad: CauseClass;
  readonly said: string;
}

/** A kind of target: how its bytes are proved, and what may stand in their place. Several node types may share one. */
export interface Target {
  readonly kind: TargetKind;
  /** Undefined where every reader reads the file itself. */
  readonly loading: Loading | undefined;
  /** Undefined where the consumer reports nothing; also where it does, a node may lack it. */
  readonly report: Report | undefined;
  readonly last: LastRung;
  /** The bytes that stood there, minus every name that the new ones withdraw; undefined where they are not ours to read. */
  readonly fallback: (bundle: Bundle, previous: string) => string | undefined;
  /** The bundle plus every name that stands there and is not in it; undefined where the bytes are not ours to read. */
  readonly keepPresent: (bundle: Bundle, clusterId: string, content: string) => Bundle | undefined;
}
