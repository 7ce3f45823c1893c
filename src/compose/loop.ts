import type { Settings } from '../config/settings.ts';
import { loadReceiver } from '../enrol/receiver-file.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { Random } from '../lib/random.ts';
import type { NodeId } from '../model/node.ts';
import type { Fleet } from '../reconcile/fleet.ts';
import { Loop } from '../reconcile/loop.ts';
import type { EndpointOf } from '../reconcile/ports.ts';
import { Presence } from '../reconcile/presence.ts';
import { Reconciler } from '../reconcile/reconciler.ts';
import { Slots } from '../reconcile/slots.ts';
import { Standing } from '../reconcile/standing.ts';
import type { TermHolder } from '../reconcile/term-holder.ts';
import type { Book } from '../status/book.ts';
import type { Transport } from '../transport/transport.ts';
import type { Durables } from './durables.ts';
import type { LiveLimits } from './limits.ts';
import { mender } from './mend.ts';

export interface LoopGround {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly fleet: Fleet;
  readonly status: Book;
  readonly durables: Durables;
  readonly terms: TermHolder;
  readonly transport: Transport;
  readonly endpointOf: EndpointOf;
  readonly limits: LiveLimits;
}

// Dialling costs little but may hang for seconds: many more may dial than push.
const coldFactor = 8;

/** The parts that move: the loop over the queue, who may write, and the watch over absent nodes. */
export function buildLoop(settings: Settings, ground: LoopGround) {
  const { clock, random, log, fleet, status, terms, limits } = ground;
  const { decisions, memory } = ground.durables;
  const slots = new Slots(settings.push.parallel);
  const standing = new Standing({
    terms,
    memory,
    clock,
    log,
    pausedBy: () => decisions.pausedBy('all') ?? pausedRegistry(fleet),
  });
  const presence = new Presence({
    clock,
    random,
    settings: settings.presence,
    onReturn: (id) => {
      loop.queue.add(id, 'change');
    },
  });
  const reconciler = buildReconciler(settings, ground, slots);
  const loop: Loop = new Loop({
    reconciler,
    status,
    clock,
    random,
    log,
    settings: limits,
    planOf: (id) => fleet.planOf(id),
    holdback: (id) => {
      const paused = decisions.pausedBy(id);
      const own = paused === undefined ? undefined : { cause: 'paused' as const, evidence: paused };
      return standing.holdback(fleet.planOf(id)) ?? own;
    },
    onOutcome: (plan, outcome) => standing.judge(plan, outcome),
    onAbsent: (id) => {
      watchAbsent(id, settings, { fleet, loop, presence });
    },
  });
  return { slots, standing, presence, loop };
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
  { fleet, loop, presence }: { fleet: Fleet; loop: Loop; presence: Presence },
): void {
  const node = fleet.planOf(id)?.node;
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
