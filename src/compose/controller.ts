import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../config/settings.ts';
import { systemClock } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import { loadReceiver } from '../enrol/receiver-file.ts';
import type { NodeId } from '../model/node.ts';
import type { Logger } from '../lib/logger.ts';
import { acquireLock, type OsLock } from '../lib/os-lock.ts';
import { systemRandom } from '../lib/random.ts';
import { version } from '../lib/version.ts';
import { Controller } from '../reconcile/controller.ts';
import { Engine } from '../reconcile/engine.ts';
import { effectiveFile } from '../reconcile/effective-file.ts';
import { Fleet } from '../reconcile/fleet.ts';
import { Loop } from '../reconcile/loop.ts';
import type { ControllerParts } from '../reconcile/parts.ts';
import type { ReconcileSettings } from '../reconcile/ports.ts';
import { Presence } from '../reconcile/presence.ts';
import { Reconciler } from '../reconcile/reconciler.ts';
import { Slots } from '../reconcile/slots.ts';
import { Standing } from '../reconcile/standing.ts';
import { TermHolder } from '../reconcile/term-holder.ts';
import { parseRegistries } from '../registry/parse.ts';
import { Registry } from '../registry/registry.ts';
import type { Source } from '../registry/source.ts';
import { openTermStore } from '../registry/open-term-store.ts';
import { holderName } from '../registry/term-store.ts';
import { Book } from '../status/book.ts';
import { openDurable } from '../store/durable.ts';
import { DurableDecisions } from '../store/decisions.ts';
import { DurableNodeMemory } from '../store/node-memory.ts';
import { durableTombstones } from '../store/tombstones.ts';
import { durableTermMemory } from '../store/term-memory.ts';
import { mender } from './mend.ts';
import { openSource } from './registries.ts';
import { rowsOf } from './rows.ts';
import { accountOfProcess, endpointsOf, openTransport } from './way.ts';

// Dialling costs little but may hang for seconds: many more may dial than push.
const coldFactor = 8;

/** A controller with everything it stands on; `close` ends it all and releases the lock. */
export interface OpenController {
  readonly controller: Controller;
  readonly engine: Engine;
  readonly source: Source;
  /** Takes new settings while running. @returns the sections that need a restart. */
  apply(settings: Settings): readonly string[];
  close(ms?: number): Promise<void>;
}

/**
 * Builds a controller under the lock of the state directory, which makes it the only one there.
 * @throws SyncError `conflict` naming the holder when another process has the lock.
 */
export async function buildController(settings: Settings, log: Logger, how: { daemon: boolean; command: string }): Promise<OpenController> {
  const { stateDirectory } = settings.daemon;
  mkdirSync(stateDirectory, { recursive: true, mode: 0o700 });
  const lock = await acquireLock({ path: join(stateDirectory, 'lock'), holder: holderName(how.command), waitMs: how.daemon ? 0 : 10_000, clock: systemClock });
  try {
    return await assemble(settings, log, { ...how, lock });
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function assemble(settings: Settings, log: Logger, how: { daemon: boolean; command: string; lock: OsLock }): Promise<OpenController> {
  const { stateDirectory } = settings.daemon;
  const ground = { clock: systemClock, random: systemRandom };
  const source = await openSource(settings, systemClock);
  const termStore = openTermStore(source, { ...ground, stateDirectory });
  const durable = await openDurable({ path: join(stateDirectory, 'durable.db'), clock: systemClock, log });
  const decisions = await DurableDecisions.open({ durable, pausesFile: join(stateDirectory, 'pauses.json'), clock: systemClock });
  const memory = await DurableNodeMemory.open(durable, log);
  const transport = await openTransport(settings, systemClock);
  const terms = new TermHolder({
    keeper: termStore,
    memory: durableTermMemory(durable),
    random: systemRandom,
    holder: holderName(how.command),
  });
  const clusterId = await clusterIdOf(termStore, terms, log);
  const registry = new Registry({
    source, parse: parseRegistries, stateDirectory, clock: systemClock, quietMs: settings.watch.quietMs, capMs: settings.watch.capMs,
    warn: (message) => { log.warn(message); },
  });
  const fleet = new Fleet({ keeper: effectiveFile(join(stateDirectory, 'effective.json')), approvals: { all: () => decisions.approvals(), spend: (hash) => decisions.spend(hash) }, limits: settings.guard });
  const status = new Book({
    ...ground, log, rows: settings.status.writeBack ? rowsOf(source) : undefined, objects: source.own,
    prefix: `${settings.source.ownPrefix}-status`, flushMs: settings.status.flushMs, shardNodes: settings.status.shardNodes,
  });
  const slots = new Slots(settings.push.parallel);
  const coldSlots = new Slots(settings.push.parallel * coldFactor);
  const receiverVersion = async (): Promise<string> => (await loadReceiver()).version;
  const endpointOf = endpointsOf(settings, accountOfProcess(), systemClock);
  const { attempts, delayMs, factor, maxDelayMs } = settings.retry;
  const { parallel, deadlineMs, loadMs, termAskMs } = settings.push;
  const limits = { attempts, delayMs, factor, maxDelayMs, parallel, deadlineMs, loadMs };
  const standing = new Standing({ terms, memory, clock: systemClock, log, pausedBy: () => decisions.pausedBy('all') ?? pausedRegistry(fleet) });
  const presence = new Presence({ ...ground, settings: settings.presence, onReturn: (id) => { loop.queue.add(id, 'change'); } });
  const reconciler = new Reconciler({ transport, endpointOf, mend: mender(transport, log), memory, terms, slots, coldSlots, ownerOfKey: (key) => ownerOfKey(fleet, key), receiverVersion, ...ground, settings: limits, additionsOnly: () => fleet.current()?.additionsOnly === true });
  const loop = new Loop({
    reconciler, status, ...ground, log, settings: limits,
    planOf: (id) => fleet.planOf(id),
    holdback: (id) => standing.holdback() ?? (decisions.pausedBy(id) === undefined ? undefined : 'paused'),
    onOutcome: (plan, outcome) => standing.judge(plan, outcome),
    onAbsent: (id) => {
      const node = fleet.planOf(id)?.node;
      // Behind a jump host or a proxy a port cannot be probed from here: the node is tried instead.
      if (isIndirect(settings)) loop.queue.addLater(id, 'change', settings.presence.slowProbeMs);
      else if (node !== undefined) presence.watch(id, node.address, node.sshPort ?? settings.ssh.port);
    },
  });
  const parts: ControllerParts = {
    version, daemon: how.daemon, clusterId, source, registry, fleet, loop, standing, terms, status, memory, decisions, tombstones: durableTombstones(durable), presence, transport, endpointOf,
    slots, ...ground, log, deadlineMs, termAskMs,
  };
  const engine = new Engine(parts);
  return {
    controller: new Controller(engine),
    engine,
    source,
    apply: (next) => applySettings(next, settings, limits),
    close: async (ms) => {
      await memory.flush();
      await engine.close(ms);
      how.lock.release();
    },
  };
}

/** Limits of retries and pushes change at once, because they are read at every use; what was built from its settings needs a restart. */
function applySettings(next: Settings, first: Settings, limits: { -readonly [K in keyof ReconcileSettings]: number }): readonly string[] {
  Object.assign(limits, next.retry, { deadlineMs: next.push.deadlineMs, loadMs: next.push.loadMs });
  const changed = (section: keyof Settings): boolean => JSON.stringify(next[section]) !== JSON.stringify(first[section]);
  const live: readonly (keyof Settings)[] = ['retry', 'push', 'log'];
  return (Object.keys(first) as (keyof Settings)[]).filter((section) => !live.includes(section) && changed(section));
}

/** The cluster's id from the term store; with the store down, the one of the own last term. */
async function clusterIdOf(store: { read(): Promise<{ clusterId: string }> }, terms: TermHolder, log: Logger): Promise<string> {
  try {
    return (await store.read()).clusterId;
  } catch (error) {
    const known = await terms.recallClusterId();
    if (known === undefined) throw error;
    log.warn('the term store cannot be read; going on with the remembered cluster id', { error: messageOf(error) });
    return known;
  }
}

function isIndirect({ ssh }: Settings): boolean {
  return ssh.jump !== undefined || ssh.useSshConfig;
}

function ownerOfKey(fleet: Fleet, key: string): NodeId | undefined {
  const nodes = fleet.effective()?.nodes.values() ?? [];
  return [...nodes].find((node) => node.hostKeys.some((pin) => pin.key === key))?.id;
}

function pausedRegistry(fleet: Fleet): string | undefined {
  const paused = fleet.effective()?.paused ?? [];
  return paused.length === 0 ? undefined : `annotation sync-controller/paused on ${paused.join(', ')}`;
}
