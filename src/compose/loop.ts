import type { Settings } from '../config/settings.ts';
import { loadReceiver } from '../enrol/receiver-file.ts';
import type { Clock } from '../lib/clock.ts';
import { readLinks } from '../lib/links.ts';
import type { Logger } from '../lib/logger.ts';
import type { Random } from '../lib/random.ts';
import { askTailnet } from '../lib/tailnet-status.ts';
import type { NodeId } from '../model/node.ts';
import type { Outcome } from '../model/outcome.ts';
import type { NodePlan } from '../model/plan.ts';
import type { Fleet } from '../reconcile/fleet.ts';
import { pushOf, type HistoryRecorder } from '../reconcile/history.ts';
import { isLegacyFreeze, LegacyWatch } from '../reconcile/legacy-watch.ts';
import { Loop } from '../reconcile/loop.ts';
import type { Observer } from '../reconcile/observer.ts';
import type { EndpointOf, Held } from '../reconcile/ports.ts';
import { Presence } from '../reconcile/presence.ts';
import type { Urgency } from '../reconcile/queue.ts';
import { isInstalled, Reconciler } from '../reconcile/reconciler.ts';
import { Senses } from '../reconcile/senses.ts';
import { Slots } from '../reconcile/slots.ts';
import { Standing } from '../reconcile/standing.ts';
import type { TermHolder } from '../reconcile/term-holder.ts';
import type { Book } from '../status/book.ts';
import { ruleText } from '../store/drift.ts';
import type { Transport } from '../transport/transport.ts';
import type { Visits } from '../transport/visits.ts';
import type { Durables } from './durables.ts';
import type { LiveLimits } from './limits.ts';
import { mender } from './mend.ts';
import type { Steering } from './steering.ts';

export interface LoopGround {
  readonly slots: Slots;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly fleet: Fleet;
  readonly status: Book;
  readonly durables: Durables;
  readonly terms: TermHolder;
  readonly transport: Transport;
  readonly visits: Visits;
  readonly endpointOf: EndpointOf;
  readonly limits: LiveLimits;
  readonly history?: HistoryRecorder;
  readonly steering: Steering;
  /** Takes the place of pushing while nothing may be written. */
  readonly observer: Observer | undefined;
  /** False for one command, which reports by itself. */
  readonly daemon: boolean;
}

// Dialling costs little but may hang for seconds: many more may dial than push.
const coldFactor = 8;

/** The parts that move: the loop over the queue, who may write, and the watch over absent nodes. */
export function buildLoop(settings: Settings, ground: LoopGround) {
  const { clock, random, log, fleet, status, terms, limits, daemon, history } = ground;
  const { decisions, memory } = ground.durables;
  const standing = new Standing({
    ...{ terms, memory, clock, log },
    pausedBy: () => decisions.pausedBy('all') ?? pausedRegistry(fleet),
    observing: ground.observer !== undefined,
  });
  const presence = new Presence({
    clock,
    random,
    settings: settings.presence,
    onReturn: (id) => {
      loop.queue.add(id, 'change');
    },
  });
  const senses = new Senses({
    clock,
    random,
    log,
    presence,
    around: { links: readLinks, ...(settings.presence.tailscale === 'auto' ? { tailnet: askTailnet } : {}) },
    // One that comes itself is never among the absent ones that are looked for.
    nodes: () => [...(fleet.current()?.nodes.values() ?? [])].filter(({ node }) => node.pull !== true).length,
  });
  const legacy = legacyNotes(ground, (id) => loop.queue.add(id, 'look'));
  const loop: Loop = new Loop({
    reconciler: workerOf(settings, ground),
    status,
    clock,
    random,
    log,
    reported: !daemon,
    settings: limits,
    onRecorded: (attempt) => {
      history?.push(pushOf(attempt, terms.current()));
      legacy(attempt.plan, attempt.outcome);
    },
    planOf: (id) => fleet.planOf(id),
    holdback: (id) => heldByAll(id, standing, ground) ?? heldBy(id, ground),
    rollout: ground.steering.rollout,
    observes: (plan, urgency) => observesDrift(plan, urgency, ground),
    onOutcome: (plan, outcome) => standing.judge(plan, outcome),
    onAbsent: (id) => {
      watchAbsent(id, settings, { ...ground, loop, presence });
    },
  });
  return { standing, presence, senses, loop };
}

/** What makes the attempts: a push, or a look where nothing may be written. */
function workerOf(settings: Settings, ground: LoopGround): Pick<Reconciler, 'attempt'> {
  const { observer, slots } = ground;
  if (observer === undefined) return buildReconciler(settings, ground, slots);
  return { attempt: (plan, _approach, _wish, signal) => observer.attempt(plan, signal) };
}

/** Notes repairs after older tools; a node that was frozen for them is looked at, so that its status says so. */
function legacyNotes(
  { clock, log, steering }: LoopGround,
  onFrozen: (id: NodeId) => void,
): (plan: NodePlan, outcome: Outcome) => void {
  const watch = new LegacyWatch({ clock, log, freeze: (rule) => steering.drift.set(rule) });
  return (plan, outcome) => {
    void watch.note(plan.node, outcome).then(
      (frozen) => {
        if (frozen) onFrozen(plan.id);
      },
      (error: unknown) => {
        log.warn('a node that older tools write to could not be frozen', { error });
      },
    );
  };
}

/** What keeps every node from being written. */
function heldByAll(id: NodeId, standing: Standing, { fleet, durables }: LoopGround): Held | undefined {
  const held = standing.holdback(fleet.planOf(id));
  return held?.cause === 'paused' ? { ...held, cause: holdClass(id, durables) } : held;
}

/** A freeze ends by itself, a pause does not: they are ended by different commands. */
function holdClass(id: NodeId, { decisions }: Durables): 'frozen' | 'paused' {
  return decisions.holdOn(id)?.expires === undefined ? 'paused' : 'frozen';
}

/** What keeps a single node from being written: a pause, a freeze, or the rollout. */
function heldBy(id: NodeId, { durables, steering }: LoopGround): Held | undefined {
  const paused = durables.decisions.pausedBy(id);
  if (paused !== undefined) return { cause: holdClass(id, durables), evidence: paused };
  const { drift, rollout } = steering;
  const rule = drift.of(id);
  if (rule?.mode === 'freeze')
    return { cause: isLegacyFreeze(rule) ? 'legacy_writer' : 'frozen', evidence: ruleText(rule) };
  if (drift.isLost())
    return { cause: 'frozen', evidence: 'who is frozen cannot be read, and is assumed to hold' };
  const waits = rollout.keeps(id);
  return waits === undefined ? undefined : { cause: 'rollout_waiting', evidence: waits };
}

/** Drift is what changed under bytes that we had installed; what was never brought to the node is no drift. */
function observesDrift(plan: NodePlan, urgency: Urgency, { durables, steering }: LoopGround): boolean {
  const mode = steering.drift.of(plan.id)?.mode ?? steering.driftByDefault();
  return mode === 'observe' && urgency !== 'push' && isInstalled(durables.memory, plan);
}

function buildReconciler(settings: Settings, ground: LoopGround, slots: Slots): Reconciler {
  const { clock, random, log, fleet, terms, transport, endpointOf, limits } = ground;
  return new Reconciler({
    transport,
    endpointOf,
    memory: ground.durables.memory,
    terms,
    slots,
    clock,
    random,
    settings: limits,
    mend: mender(transport, log),
    coldSlots: new Slots(settings.push.parallel * coldFactor),
    ownerOfKey: (key) => ownerOfKey(fleet, key),
    receiverVersion: async () => (await loadReceiver()).version,
    additionsOnly: () => fleet.current()?.additionsOnly === true,
  });
}

function watchAbsent(
  id: NodeId,
  settings: Settings,
  {
    fleet,
    visits,
    loop,
    presence,
  }: Pick<LoopGround, 'fleet' | 'visits'> & { loop: Loop; presence: Presence },
): void {
  const node = fleet.planOf(id)?.node;
  if (node?.pull === true) {
    visits.await(id);
    return;
  }
  // Behind a jump host or a proxy a port cannot be probed from here: the node is tried instead.
  if (isIndirect(settings)) loop.queue.addLater(id, 'change', settings.presence.slowProbeMs);
  else if (node !== undefined) presence.watch(id, node.address, node.sshPort ?? settings.ssh.port);
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
