import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';
import type { CauseClass } from '../model/cause.ts';
import type { Node } from '../model/node.ts';
import type { Endpoint, Transport } from '../transport/transport.ts';
import type { DedicatedKey } from './key-files.ts';
import type { RestrictPart } from './restrict-wire.ts';

/** Who does what our own key must not do. Nothing named: the keys and the agent of the settings, and the node's own login. */
export interface Admin {
  readonly user: string | undefined;
  readonly identity: string | undefined;
}

/** Why something on a node did not come about. */
export interface Failure {
  readonly cause: CauseClass;
  readonly evidence: string;
  readonly reachable: boolean;
}

/** What enrolment with least privilege stands on; `compose/enrol.ts` gives it. */
export interface RestrictionGround {
  readonly transport: Transport;
  readonly stateDirectory: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Written on our line and rule, so that those of another cluster are left alone. */
  readonly cluster: () => Promise<string>;
  readonly adminWay: (node: Node, admin: Admin) => Promise<Endpoint>;
  /** Asks the receiver for what it has, over a new connection; undefined where it answers. */
  readonly ask: (node: Node, endpoint: Endpoint, signal: AbortSignal) => Promise<Failure | undefined>;
}

/** How a node was held to one thing, or why not and what became of what was written. */
export type Enforced =
  | { readonly ok: true; readonly key: DedicatedKey; readonly changed: readonly RestrictPart[] }
  | (Failure & { readonly ok: false; readonly takenBack: string });

/** What became of one node of a rotation. */
export interface Rotated {
  readonly node: Node;
  /** `unchanged`: it has the newest key already. `failed`: it keeps the key that it has. */
  readonly result: 'rotated' | 'unchanged' | 'failed';
  readonly cause: CauseClass | undefined;
  readonly evidence: string;
}
