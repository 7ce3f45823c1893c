import type { Settings } from './config/settings.ts';
import { buildController, type OpenController } from './compose/controller.ts';
import { connectDaemon } from './contract/client.ts';
import type { Audited } from './contract/audit.ts';
import type { ControllerApi } from './contract/controller.ts';
import type { NodeLifecycle } from './contract/lifecycle.ts';
import type { NodeTokened } from './contract/node-tokens.ts';
import type { Steered } from './contract/steering.ts';
import type { Noticed } from './contract/notices.ts';
import type { Tokened } from './contract/tokens.ts';
import { systemClock, type Clock } from './lib/clock.ts';
import type { Logger } from './lib/logger.ts';
import { systemRandom, type Random } from './lib/random.ts';
import { serviceNotifier, type ServiceNotifier } from './lib/notify.ts';
import type { Controller } from './reconcile/controller.ts';
import type { Engine } from './reconcile/engine.ts';
import type { History } from './reconcile/history.ts';
import type { DurableTokens } from './store/tokens.ts';

/**
 * The daemon where its socket exists, else a controller of this process under the lock of the state directory, which begins its term with the first push.
 * A socket that exists and does not answer is a failure: going round it would make two controllers.
 */
export async function openController(
  settings: Settings,
  log: Logger,
  command: string,
): Promise<ControllerApi & NodeLifecycle & Steered & Tokened & NodeTokened & Audited & Noticed> {
  const daemon = await connectDaemon(settings.daemon.socket);
  if (daemon !== undefined) return daemon;
  const built = await buildController(settings, log, { daemon: false, command });
  await built.engine.open();
  return onceOver(built);
}

/** A controller for one command: a term begins before the first thing that writes, above what the nodes have heard. */
function onceOver(
  built: OpenController,
): ControllerApi & NodeLifecycle & Steered & Tokened & NodeTokened & Audited & Noticed {
  const { controller, engine } = built;
  let begun = false;
  const changing = async <T>(work: () => Promise<T>): Promise<T> => {
    await built.release();
    return work();
  };
  const begin = async (): Promise<void> => {
    if (begun) return;
    begun = true;
    await built.release();
    await engine.beginTerm(engine.ids());
  };
  return {
    push: async (request, onNode) => {
      await begin();
      return controller.push(request, onNode);
    },
    reconcile: async (actor, onNode) => {
      await begin();
      return controller.reconcile(actor, onNode);
    },
    plan: (request) => controller.plan(request),
    status: () => controller.status(),
    approve: (hash, actor) => changing(() => controller.approve(hash, actor)),
    pause: (node, actor) => controller.pause(node, actor),
    resume: (node, actor) => controller.resume(node, actor),
    takeTerm: (actor) => changing(() => controller.takeTerm(actor)),
    removeNode: async (request) => {
      if (!request.dryRun) await (request.abandon ? built.release() : begin());
      return controller.removeNode(request);
    },
    restoreNode: (node, actor) => changing(() => controller.restoreNode(node, actor)),
    steering: steeringOf(controller, changing),
    tokens: controller.tokens,
    audit: (limit) => controller.audit(limit),
    notices: controller.notices,
    nodeTokens: controller.nodeTokens,
    close: () => built.close(),
  };
}

/** What steers a rollout stands on its record: that is kept first. */
function steeringOf(
  { steering }: Steered,
  changing: <T>(work: () => Promise<T>) => Promise<T>,
): Steered['steering'] {
  return {
    pauseRollout: (actor) => changing(() => steering.pauseRollout(actor)),
    resumeRollout: (actor) => changing(() => steering.resumeRollout(actor)),
    abortRollout: (request) => changing(() => steering.abortRollout(request)),
    unpin: (actor) => changing(() => steering.unpin(actor)),
    freeze: (request) => steering.freeze(request),
    unfreeze: (request) => steering.unfreeze(request),
    drift: (request) => steering.drift(request),
  };
}

/** Everything the daemon's life needs. */
export interface DaemonParts {
  readonly controller: Controller;
  readonly engine: Engine;
  readonly settings: Settings;
  /** Who may use the API over TCP. */
  readonly holders: Pick<DurableTokens, 'holderOf' | 'holderNamed'>;
  readonly notifier: ServiceNotifier;
  readonly log: Logger;
  readonly clock: Clock;
  readonly random: Random;
  /** Takes new settings while running. @returns the sections that need a restart. */
  readonly apply: (settings: Settings) => readonly string[];
  readonly close: () => Promise<void>;
}

/** Builds the daemon under the lock of the state directory. */
export async function openDaemonParts(
  settings: Settings,
  log: Logger,
  observing?: (history: History) => History,
): Promise<DaemonParts> {
  const built = await buildController(settings, log, {
    daemon: true,
    command: 'syncctl daemon',
    ...(observing === undefined ? {} : { observing }),
  });
  const notifier = serviceNotifier({
    env: process.env,
    pid: process.pid,
    warn: (message) => {
      log.warn(message);
    },
  });
  return {
    controller: built.controller,
    engine: built.engine,
    settings,
    holders: built.engine.parts.tokens,
    notifier,
    log,
    clock: systemClock,
    random: systemRandom,
    apply: (next) => built.apply(next),
    close: () => built.close(settings.daemon.stopMs - 1_500),
  };
}
