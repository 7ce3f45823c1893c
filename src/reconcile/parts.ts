import type { Registries } from '../registry/registry.ts';
import type { Source } from '../registry/source.ts';
import type { Notices } from '../contract/notices.ts';
import type { Node } from '../model/node.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { Random } from '../lib/random.ts';
import type { Book } from '../status/book.ts';
import type { DurableDecisions } from '../store/decisions.ts';
import type { Durable } from '../store/durable.ts';
import type { DurableDrift } from '../store/drift.ts';
import type { DurableNodeTokens } from '../store/node-tokens.ts';
import type { DurableTokens } from '../store/tokens.ts';
import type { Tombstones } from '../store/tombstones.ts';
import type { Transport } from '../transport/transport.ts';
import type { Visits } from '../transport/visits.ts';
import type { Fleet } from './fleet.ts';
import type { History } from './history.ts';
import type { Loop } from './loop.ts';
import type { EndpointOf, NodeMemory } from './ports.ts';
import type { Observer } from './observer.ts';
import type { Presence } from './presence.ts';
import type { Rollout } from './rollout.ts';
import type { Senses } from './senses.ts';
import type { Slots } from './slots.ts';
import type { Standing } from './standing.ts';
import type { TermHolder } from './term-holder.ts';

/** Everything a controller is made of; built in compose. */
export interface ControllerParts {
  readonly version: string;
  readonly daemon: boolean;
  readonly clusterId: string;
  readonly source: Source;
  /** The source that a node's row stands in, where there are several. */
  readonly sourceOf?: (node: Node) => Source;
  readonly registry: Registries;
  readonly fleet: Fleet;
  readonly loop: Loop;
  readonly standing: Standing;
  readonly terms: TermHolder;
  readonly status: Book;
  readonly memory: NodeMemory;
  readonly durable: Pick<Durable, 'state'>;
  readonly decisions: DurableDecisions;
  readonly tombstones: Tombstones;
  readonly tokens: DurableTokens;
  readonly notices: Notices;
  /** What nodes show that come themselves. */
  readonly nodeTokens?: DurableNodeTokens;
  readonly presence: Presence;
  /** What else tells of absent nodes. */
  readonly senses?: Senses;
  /** Decides who gets a new plan when; without it everybody does at once. */
  readonly rollout?: Rollout;
  /** How drift is treated on single nodes. */
  readonly drift?: DurableDrift;
  readonly transport: Transport;
  /** The nodes that come for their configuration themselves. */
  readonly visits?: Visits;
  readonly endpointOf: EndpointOf;
  readonly slots: Slots;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly deadlineMs: number;
  readonly termAskMs: number;
  /** Looks in place of pushing; present only while nothing may be written. */
  readonly observer?: Observer;
  /** What was; absent where nobody keeps it. */
  readonly history?: History;
}
