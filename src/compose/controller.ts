import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../config/settings.ts';
import { systemClock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { acquireLock, type OsLock } from '../lib/os-lock.ts';
import { systemRandom } from '../lib/random.ts';
import { version } from '../lib/version.ts';
import { Controller } from '../reconcile/controller.ts';
import { Engine } from '../reconcile/engine.ts';
import { ownCluster, type ClusterGround } from '../reconcile/own-cluster.ts';
import type { History } from '../reconcile/history.ts';
import { LaterWrites } from '../reconcile/later-writes.ts';
import { Slots } from '../reconcile/slots.ts';
import { TermHolder } from '../reconcile/term-holder.ts';
import { createClusterMemory } from '../registry/cluster-memory.ts';
import { openTermStore } from '../registry/open-term-store.ts';
import type { Source } from '../registry/source.ts';
import { holderName, type TermStore } from '../registry/term-store.ts';
import type { Transport } from '../transport/transport.ts';
import { Visits } from '../transport/visits.ts';
import { openDurables } from './durables.ts';
import { openHistory } from './history.ts';
import { openKnowledge } from './knowledge.ts';
import { applyLimits, limitsOf } from './limits.ts';
import { buildLoop } from './loop.ts';
import { noticesOf } from './notices.ts';
import { openSource } from './registries.ts';
import { observerFor, provisionalCluster, readOnly } from './observing.ts';
import { openSeveral, ownerAmong } from './several.ts';
import { openSteering } from './steering.ts';
import { accountOfProcess, endpointsOf, openTransport } from './way.ts';

/** A controller with everything it stands on; `close` ends it all and releases the lock. */
export interface OpenController {
  readonly controller: Controller;
  readonly engine: Engine;
  readonly source: Source;
  /** Takes new settings while running. @returns the sections that need a restart. */
  apply(settings: Settings): readonly string[];
  /** Keeps what was only planned until now: called before the first thing that changes anything. */
  release(): Promise<void>;
  close(ms?: number): Promise<void>;
}

interface How {
  readonly daemon: boolean;
  /** The command as its holder's note names it. */
  readonly command: string;
  /** Takes the place of the way that the settings name. */
  readonly transport?: Transport;
  /** Hears what the history is told. */
  readonly observing?: (history: History) => History;
}

// A command waits for another command's push; a daemon that finds one running was started by mistake.
const commandWaitMs = 60_000;

/**
 * Builds a controller under the lock of the state directory, which makes it the only one there.
 * @throws SyncError `conflict` naming the holder when another process has the lock.
 */
export async function buildController(settings: Settings, log: Logger, how: How): Promise<OpenController> {
  const { stateDirectory } = settings.daemon;
  mkdirSync(stateDirectory, { recursive: true, mode: 0o700 });
  const waitMs = how.daemon ? 0 : commandWaitMs;
  const lock = await acquireLock({
    path: join(stateDirectory, 'lock'),
    holder: holderName(how.command),
    waitMs,
    clock: systemClock,
  });
  try {
    return await assemble(settings, log, { ...how, lock });
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function assemble(
  settings: Settings,
  log: Logger,
  how: How & { lock: OsLock },
): Promise<OpenController> {
  const ground = { clock: systemClock, random: systemRandom, log };
  const { source, members, durables, terms, clusterId } = await openMemory(settings, log, how);
  const { durable, decisions, memory, tombstones, tokens, nodeTokens } = durables;
  const later = new LaterWrites(how.daemon);
  const steering = await openSteering(settings, { durable, ...ground, later });
  const known = { durables, steering, ...ground, ...how, later, members };
  const knowledge = openKnowledge(settings, source, known);
  const way = await openWay(settings, how.transport);
  const opened = await openHistory(settings, { durable, ...ground });
  const history = how.observing?.(opened) ?? opened;
  const limits = limitsOf(settings);
  const slots = new Slots(settings.push.parallel);
  const observer = await observerFor(settings, way, slots);
  const moved = { durables, terms, limits, history, steering, slots, observer, daemon: how.daemon };
  const moving = buildLoop(settings, { ...ground, ...knowledge, ...way, ...moved });
  const { rollout, drift } = steering;
  const notices = noticesOf(settings, { fleet: knowledge.fleet, decisions, clock: systemClock });
  const observing = observer === undefined ? {} : { observer };
  const stored = { memory, durable, decisions, tombstones, tokens, nodeTokens };
  const kept = { terms, ...stored, history, rollout, drift, slots };
  const parts = { ...ground, ...knowledge, ...way, ...moving, ...kept, ...observing, notices };
  const owning = members.length === 0 ? {} : { sourceOf: ownerAmong(members, source) };
  const engine = new Engine({ version, daemon: how.daemon, clusterId, source, ...owning, ...parts });
  const apply = (next: Settings): readonly string[] => {
    steering.renew(next);
    return applyLimits(next, settings, limits);
  };
  return {
    controller: new Controller(engine),
    engine,
    source,
    apply,
    release: () => later.release(),
    close: async (ms) => {
      await closeAll(engine, how.lock, ms);
      // Home was closed with the engine.
      for (const { source: other } of members.slice(1)) await other.close();
    },
  };
}

/** What a controller stands on: the registries, what it has kept, its terms, and the cluster that it belongs to. */
async function openMemory(settings: Settings, log: Logger, how: How) {
  const ground = { clock: systemClock, random: systemRandom, log };
  const { stateDirectory } = settings.daemon;
  const source = await sourceOf(settings);
  const members = await openSeveral(settings, source, systemClock);
  const durables = await openDurables(stateDirectory, systemClock, log);
  const store = openTermStore(source, { ...ground, stateDirectory });
  const { termMemory: memory } = durables;
  const holder = holderName(how.command);
  const terms = new TermHolder({ keeper: store, memory, random: systemRandom, holder });
  const clusterId = await clusterOf(source, settings, { store, terms, log });
  return { source, members, durables, terms, clusterId };
}

/** The registries; an observer can only read them, whatever part asks it to write. */
async function sourceOf(settings: Settings): Promise<Source> {
  const source = await openSource(settings, systemClock);
  return settings.observeOnly ? readOnly(source) : source;
}

async function openWay(settings: Settings, given: Transport | undefined) {
  const visits = new Visits(systemClock);
  return {
    visits,
    transport: given ?? (await openTransport(settings, systemClock, visits)),
    endpointOf: endpointsOf(settings, accountOfProcess(), systemClock),
    deadlineMs: settings.push.deadlineMs,
    termAskMs: settings.push.termAskMs,
  };
}

async function closeAll(engine: Engine, lock: OsLock, ms: number | undefined): Promise<void> {
  await engine.close(ms);
  lock.release();
}

/** The cluster that the source belongs to, also where it cannot be read now. */
function clusterOf(
  source: Source,
  { daemon, observeOnly }: Settings,
  ground: Omit<ClusterGround, 'memory' | 'location'> & { readonly store: TermStore },
): Promise<string> {
  const { kind, location } = source.health();
  const memory = createClusterMemory(daemon.stateDirectory, `${kind} ${location}`);
  return observeOnly ? provisionalCluster(ground.store, memory) : ownCluster({ ...ground, memory, location });
}
