import type { Digest } from '../model/bundle.ts';
import type { NodeId } from '../model/node.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { NodeStatus } from '../model/status.ts';
import type { Actor } from '../contract/controller.ts';
import type { SourceHealth } from '../registry/source.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import type { Random } from '../lib/random.ts';
import type { Transport } from '../transport/transport.ts';
import type { Fleet } from './fleet.ts';
import type { Loop } from './loop.ts';
import type { EndpointOf, NodeMemory, StatusRecorder } from './ports.ts';
import type { Presence } from './presence.ts';
import type { Slots } from './slots.ts';
import type { Standing } from './standing.ts';
import type { TermHolder } from './term-holder.ts';

/** The registries as the controller sees them. */
export interface RegistryView {
  /** Loads last-good and reads once. */
  open(signal: AbortSignal): Promise<void>;
  /** Watches until the signal fires. */
  run(signal: AbortSignal): Promise<void>;
  /** Reads now. */
  refresh(signal: AbortSignal): Promise<void>;
  current(): { readonly snapshot: Snapshot | undefined; readonly state: 'fresh' | 'last-good' | 'none'; readonly reason: string | undefined };
  subscribe(listener: () => void): () => void;
  health(): SourceHealth;
  close(): Promise<void>;
}

/** Statuses, and their way back into the registries. */
export interface StatusBook extends StatusRecorder {
  all(): ReadonlyMap<NodeId, NodeStatus>;
  /** Tells what the newest plan wants, so that "how far behind" is known before the push. */
  expect(id: NodeId, desired: Digest | undefined): void;
  /** Writes what is unwritten, now. */
  flush(): Promise<void>;
}

/** Decisions of people, kept durably. While they cannot be read, pauses are assumed to hold. */
export interface Decisions {
  approvals(): ReadonlySet<string>;
  approve(hash: string, actor: Actor): Promise<void>;
  /** `all` or a node id. */
  pause(scope: string, actor: Actor): Promise<void>;
  resume(scope: string, actor: Actor): Promise<void>;
  pausedBy(scope: string): string | undefined;
  audit(actor: Actor, action: string, detail: string): Promise<void>;
  close(): Promise<void>;
}

/** Everything a controller is made of; built in compose. */
export interface ControllerParts {
  readonly version: string;
  readonly daemon: boolean;
  readonly clusterId: string;
  readonly registry: RegistryView;
  readonly fleet: Fleet;
  readonly loop: Loop;
  readonly standing: Standing;
  readonly terms: TermHolder;
  readonly status: StatusBook;
  readonly memory: NodeMemory;
  readonly decisions: Decisions;
  readonly presence: Presence;
  readonly transport: Transport;
  readonly endpointOf: EndpointOf;
  readonly slots: Slots;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly deadlineMs: number;
  readonly termAskMs: number;
}
