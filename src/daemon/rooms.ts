// What the daemon opens beside the main job, each where the settings ask for it; else nothing of it is loaded.
import { join } from 'node:path';
import type { DaemonParts } from '../compose.ts';
import type { Notifications } from '../compose/notifications.ts';
import type { Traces } from '../compose/traces/traces.ts';
import { admissionFiles } from '../config/admission-files.ts';
import type { Settings } from '../config/settings.ts';
import type { ControllerStatus } from '../contract/report.ts';
import type { AdmissionServer } from '../http/admission/admission-server.ts';
import type { Served } from '../http/handlers.ts';
import type { Metrics } from '../http/metrics/metrics.ts';
import type { PullServer } from '../http/pull-server.ts';
import { serveTcp, type TcpServer } from '../http/tcp-server.ts';
import { systemClock } from '../lib/clock.ts';
import type { RootLog } from '../lib/log.ts';
import { version } from '../lib/version.ts';
import { desiredDigest } from '../reconcile/reconciler.ts';

/** What tells people, where somebody is to be told. */
export async function notificationsOf(parts: DaemonParts): Promise<Notifications | undefined> {
  if (parts.settings.notify.targets.length === 0) return undefined;
  const { openNotifications } = await import('../compose/notifications.ts');
  return openNotifications(parts.settings, { ...parts, status: () => parts.controller.status() });
}

/** The metrics, where somebody can ask for them. They hear everything from the first revision on. */
export async function metricsFor(
  { api, metrics }: Settings,
  { logger: log }: RootLog,
): Promise<Metrics | undefined> {
  if (api.listen === 'off' || metrics.access === 'off') return undefined;
  const { Metrics } = await import('../http/metrics/metrics.ts');
  return new Metrics({ clock: systemClock, log, perNode: metrics.perNode });
}

/** What both doors serve: the controller, and what looks at it and its machine from outside. */
export function servedBy({ controller, engine, settings, clock }: DaemonParts, signal: AbortSignal): Served {
  const { registry, source } = engine.parts;
  return Object.assign(controller, {
    doctor: async (node: string | undefined) => {
      const { doctorOf } = await import('../cli/doctor/of-daemon.ts');
      const status = (): Promise<ControllerStatus> => controller.status();
      const ground = { settings, registry: () => registry.current(), source: () => source.health() };
      return doctorOf({ ...ground, status, clock, signal })(node);
    },
  });
}

/** The traces, where a collector is named. */
export async function tracesFor({ traces }: Settings, { logger: log }: RootLog): Promise<Traces | undefined> {
  const { endpoint } = traces;
  if (endpoint === undefined) return undefined;
  const { Traces } = await import('../compose/traces/traces.ts');
  return new Traces({ settings: { ...traces, endpoint }, clock: systemClock, log });
}

/** Opens the API over TCP, and tells the metrics where they read. */
export function openTcp(
  parts: DaemonParts,
  controller: Served,
  metrics: Metrics | undefined,
): Promise<TcpServer> {
  const { engine, settings, holders, clock, random, log } = parts;
  const { fleet, transport, decisions } = engine.parts;
  metrics?.connect({
    status: () => controller.status(),
    sessions: () => transport.sessionCount?.(),
    isHeldBack: (id) => desiredDigest(fleet.planOf(id)) !== desiredDigest(fleet.newestOf(id)),
  });
  const scraped =
    metrics === undefined
      ? {}
      : { metrics: { open: settings.metrics.access === 'open', scrape: () => metrics.metricsText() } };
  const webhook = { settings: settings.webhook, env: process.env, look: () => engine.look() };
  return serveTcp({
    settings: settings.api,
    controller,
    holders,
    version,
    clock,
    random,
    log,
    sessionsPath: join(settings.daemon.stateDirectory, 'sessions.json'),
    webhook,
    keep: (actor, action, detail) => decisions.audit(actor, action, detail),
    ...scraped,
  });
}

/** What speaks of the registries beside them. */
export interface Announcing {
  close(): Promise<void>;
}

/** What is written beside the registries, where somebody can read it there: of several sources beside those of each. */
export async function announcementsOf({
  engine,
  settings,
  clock,
  random,
  log,
}: DaemonParts): Promise<Announcing | undefined> {
  const { parts } = engine;
  const shares = parts.registry.shares?.() ?? [{ name: undefined, source: parts.source }];
  const places = shares.flatMap(({ name, source: { announcer } }) =>
    announcer === undefined ? [] : [{ share: name, announcer }],
  );
  const { events, annotation } = settings.announce;
  if (places.length === 0 || !(events || annotation)) return undefined;
  const { Announcements } = await import('../compose/announcements.ts');
  const ground = { settings: settings.announce, parts, clock, random, log };
  const opened = places.map((place) => new Announcements({ ...ground, ...place }));
  return {
    close: async () => {
      await Promise.all(opened.map((one) => one.close()));
    },
  };
}

/** Who judges edits before they are saved, where the API server is to ask. */
export async function admissionOf({
  engine,
  settings,
  clock,
  log,
}: DaemonParts): Promise<AdmissionServer | undefined> {
  if (settings.admission.listen === 'off') return undefined;
  const [{ AdmissionServer }, { clusterNamed }] = await Promise.all([
    import('../http/admission/admission-server.ts'),
    import('../http/admission/clusters.ts'),
  ]);
  const { registry } = engine.parts;
  const server = new AdmissionServer({
    settings: settings.admission,
    files: admissionFiles(settings),
    clusterNamed: (name) => clusterNamed(name, { settings, registry }),
    look: () => engine.look(),
    clock,
    log,
  });
  await server.begin();
  return server;
}

/** The door for nodes that fetch their configuration themselves. */
export async function openPull({
  settings,
  engine,
  clock,
  random,
  log,
}: DaemonParts): Promise<PullServer | undefined> {
  const { visits, nodeTokens: tokens } = engine.parts;
  if (settings.pull.listen === 'off' || visits === undefined || tokens === undefined) return undefined;
  const [{ servePull }, { joinScriptFor }] = await Promise.all([
    import('../http/pull-server.ts'),
    import('../compose/joining.ts'),
  ]);
  const { hangMs, silentPeriods } = settings.pull;
  return servePull({
    ...{ settings: settings.pull, visits, tokens, clock, log },
    joinScript: joinScriptFor(settings.pull, (id) => engine.parts.fleet.planOf(id)?.node, random),
    onOpen: () => {
      engine.receive(hangMs * silentPeriods);
    },
  });
}
