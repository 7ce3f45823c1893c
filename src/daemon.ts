import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import type { DaemonRun } from './cli/context.ts';
import { openDaemonParts, type DaemonParts } from './compose.ts';
import {
  admissionOf,
  announcementsOf,
  metricsFor,
  notificationsOf,
  openPull,
  openTcp,
  servedBy,
  tracesFor,
} from './daemon/rooms.ts';
import type { Notifications } from './compose/notifications.ts';
import type { Settings } from './config/settings.ts';
import { serveSocket } from './http/socket-server.ts';
import type { RootLog } from './lib/log.ts';
import { sweepTemps } from './lib/stale-temps.ts';
import { version } from './lib/version.ts';
import { checkSchedule, resync } from './reconcile/resync.ts';

/**
 * The life of the daemon: start in order, follow until a signal comes, stop in the reverse order. Resolves to the exit code.
 * `run.mode` is both loops, or one of them alone as the predecessor had it.
 */
export async function runDaemon(settings: Settings, log: RootLog, run: DaemonRun): Promise<number> {
  // A sweep over a fleet makes the space for young objects grow by tens of megabytes, which a small machine never gets back.
  setFlagsFromString('--optimize-for-size');
  const stop = new AbortController();
  checkSchedule(settings.reconcile);
  const metrics = await metricsFor(settings, log);
  const traces = await tracesFor(settings, log);
  const parts = await openDaemonParts(settings, log.logger, (history) => {
    const counted = metrics?.observing(history) ?? history;
    return traces?.observing(counted) ?? counted;
  });
  for (const folder of foldersOf(settings)) sweepTemps(folder);
  let told: Notifications | undefined;
  // Closed in the reverse order, each of them whatever becomes of the others.
  const rooms = new AsyncDisposableStack();
  closeLater(rooms, traces);
  closeLater(rooms, parts);
  const release = onSignals(stop, () => void reload(parts, log, run));
  try {
    told = await notificationsOf(parts);
    traces?.connect(() => parts.engine.parts.registry.current());
    await parts.engine.open();
    const controller = servedBy(parts, stop.signal);
    closeLater(rooms, await serveSocket({ socket: settings.daemon.socket, controller, version }));
    closeLater(rooms, await openPull(parts));
    closeLater(rooms, await openTcp(parts, controller, metrics));
    closeLater(rooms, await admissionOf(parts));
    closeLater(rooms, await announcementsOf(parts));
    await start(parts, run, stop.signal);
    await untilAborted(stop.signal);
    log.logger.info('stopping');
    await parts.notifier.stopping('stopping');
  } finally {
    stop.abort();
    // What is being told has its own two seconds; they are no part of those of the nodes.
    const telling = told?.close();
    await rooms.disposeAsync();
    await telling;
    release();
  }
  return 0;
}

function closeLater(rooms: AsyncDisposableStack, room: { close(): Promise<void> } | undefined): void {
  rooms.defer(() => room?.close());
}

async function start(parts: DaemonParts, run: DaemonRun, signal: AbortSignal): Promise<void> {
  const { engine, settings, notifier, log } = parts;
  await beginTermPatiently(parts, signal);
  const watch = run.mode !== 'reconcile';
  await engine.follow({ watch });
  if (run.mode !== 'watch') {
    const onDue = (): void => {
      log.info('scheduled reconciliation', { nodes: engine.ids().length });
      void engine.pass({ read: !watch });
    };
    const onFailure = (error: unknown): void => {
      log.error('the scheduled reconciliation could not start; the next one will', { error });
    };
    void resync(settings.reconcile, { clock: parts.clock, random: parts.random, onDue, onFailure }, signal);
  }
  const deed = settings.observeOnly ? 'observing' : 'pushing to';
  await notifier.ready(`${deed} ${String(engine.ids().length)} nodes`);
  if (settings.observeOnly)
    log.warn('observe only: nothing is written to any node or registry until `syncctl adopt`');
  void watchdog(parts, signal);
  log.success('started', { mode: run.mode, nodes: engine.ids().length, source: settings.source.kind });
}

/** A term store that is down is waited for; until it answers, only what was last good is pushed under the own last term, or nothing. */
async function beginTermPatiently({ engine, log }: DaemonParts, signal: AbortSignal): Promise<void> {
  const begin = (): Promise<void> => engine.beginTerm(engine.ids());
  await begin().catch((error: unknown) => {
    log.warn('no term can begin yet; nothing is pushed until the term store answers', { error });
  });
  void (async () => {
    for (let pauseMs = 1_000; engine.needsTerm(); pauseMs = Math.min(pauseMs * 2, 30_000)) {
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      await begin().catch(() => undefined);
      if (!engine.needsTerm()) engine.pushAllAgain();
    }
  })();
}

/** Tells systemd that the daemon is alive; a blocked event loop cannot. */
async function watchdog({ notifier }: DaemonParts, signal: AbortSignal): Promise<void> {
  if (notifier.watchdogMs === undefined) return;
  while (!signal.aborted) {
    await notifier.watchdog();
    await delay(notifier.watchdogMs, undefined, { signal }).catch(() => undefined);
  }
}

/** SIGHUP: the new settings are checked whole before one of them counts; what cannot change while running is named. */
async function reload(parts: DaemonParts, log: RootLog, run: DaemonRun): Promise<void> {
  await parts.notifier.reloading();
  try {
    const settings = await run.reload();
    checkSchedule(settings.reconcile);
    log.setLevel(settings.log.level);
    const restart = parts.apply(settings);
    log.logger.success(
      'settings read again',
      restart.length === 0 ? {} : { 'need a restart': restart.join(', ') },
    );
  } catch (error) {
    log.logger.error('the new settings are refused; the old ones stay in force', { error });
  }
  await parts.notifier.ready('settings read again');
}

function onSignals(stop: AbortController, onReload: () => void): () => void {
  const onStop = (): void => {
    stop.abort();
  };
  process.on('SIGTERM', onStop).on('SIGINT', onStop).on('SIGHUP', onReload);
  return () => {
    process.off('SIGTERM', onStop).off('SIGINT', onStop).off('SIGHUP', onReload);
  };
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<undefined>();
  signal.addEventListener(
    'abort',
    () => {
      resolve(undefined);
    },
    { once: true },
  );
  await promise;
}

/** Where a process that was killed may have left half a file. */
function foldersOf({ daemon, source, sources }: Settings): readonly string[] {
  const folders = [daemon.stateDirectory, source.directory, ...sources.map(({ directory }) => directory)];
  return [...new Set(folders.filter((folder) => folder !== undefined))];
}
