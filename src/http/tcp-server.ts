import { aliveMs } from '../contract/routes.ts';
import type { Settings } from '../config/settings.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { Random } from '../lib/random.ts';
import { buildApp } from './app.ts';
import { admitByRole, byToken, type Holders } from './bearer.ts';
import type { CertificateFiles } from './certificate.ts';
import { addDashboard, dashboardFolder } from './dashboard.ts';
import { Door } from './door.ts';
import { Feed } from './feed.ts';
import { fromAllowed, fromNoOtherSite, notTooOften, toOurName } from './guards.ts';
import type { Served } from './handlers.ts';
import { listen } from './listen.ts';
import { addMetrics } from './metrics-route.ts';
import type { Scrape } from './metrics/metrics.ts';
import { webhookDoor, type WebhookDoorParts } from './webhook-door.ts';
import { addProbes } from './probes.ts';
import { sessionFile } from './session-file.ts';
import { Sessions, type NamedHolders } from './sessions.ts';
import { SignIns, type KeepDeed } from './sign-ins.ts';

export interface TcpServerParts {
  readonly settings: Settings['api'];
  readonly controller: Served;
  readonly holders: Holders & NamedHolders;
  readonly version: string;
  /** Where sessions outlive this process; without it they end with it. */
  readonly sessionsPath?: string;
  /** Where the audit is kept of who signs in to the dashboard. */
  readonly keep?: KeepDeed;
  /** What Prometheus gets, and whether it needs a token for it; undefined where it gets nothing. */
  readonly metrics?: { readonly open: boolean; readonly scrape: () => Promise<Scrape> };
  /** Signed calls that ask for a look; undefined where there are none. */
  readonly webhook?: Pick<WebhookDoorParts, 'settings' | 'env' | 'look'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

export interface TcpServer {
  /** Where it is served, as a URL; undefined while the place cannot be had. */
  readonly url: () => string | undefined;
  close(): Promise<void>;
}

/** Serves the API over TCP to whoever shows a token. The nodes do not wait for it. */
export async function serveTcp(parts: TcpServerParts): Promise<TcpServer> {
  const { settings, controller, clock, random, log } = parts;
  const feed = new Feed({ status: () => controller.status(), clock, random });
  const files = filesOf(settings);
  const url = (): string | undefined => urlOf(door, files !== undefined);
  const door = new Door({
    ...{ place: settings.listen, files, clock, log },
    listen: (place, tls) => listen(appOf(parts, feed), place, tls),
    onOpen: () => {
      log.info('the API is served', { url: url() });
    },
    shut: 'the API cannot be served over TCP, and nodes are pushed all the same',
  });
  await door.begin();
  const close = async (): Promise<void> => {
    // Whoever follows events never leaves by himself.
    await feed.close();
    await door.close();
  };
  return { url, close };
}

function urlOf(door: Door, secure: boolean): string | undefined {
  const found = door.address();
  if (found === undefined) return undefined;
  const { address, port, family } = found;
  const host = family === 'IPv6' ? `[${address}]` : address;
  return `${secure ? 'https' : 'http'}://${host}:${String(port)}`;
}

function appOf(parts: TcpServerParts, feed: Feed) {
  const { settings, controller, holders, version, clock, log, metrics, webhook } = parts;
  const { allowFrom, hosts, requestsPerMinute, wrongTokensPerMinute } = settings;
  const sessions = sessionsOf(parts);
  const { keep } = parts;
  const heard = keep === undefined ? {} : { signIns: new SignIns({ keep, clock, log }) };
  const named = byToken(holders, { wrongPerMinute: wrongTokensPerMinute, clock, sessions, ...heard });
  const app = buildApp({
    controller,
    version,
    aliveMs,
    feed,
    sessions: { sessions, secure: settings.certificate !== undefined, ...heard },
    before: [
      fromAllowed(allowFrom),
      toOurName(hosts),
      notTooOften(requestsPerMinute, clock),
      ...(webhook === undefined ? [] : [webhookDoor({ ...webhook, clock, log })]),
    ],
    guards: [fromNoOtherSite(), named],
    admit: admitByRole,
  });
  if (settings.dashboard) addDashboard(app, dashboardFolder);
  addProbes(app, () => controller.status());
  if (metrics !== undefined) addMetrics(app, metrics.open ? [] : [named], metrics.scrape);
  return app;
}

function sessionsOf({ settings, holders, clock, random, log, sessionsPath }: TcpServerParts): Sessions {
  const file = sessionsPath === undefined ? {} : { file: sessionFile(sessionsPath, random, log) };
  return new Sessions({ holders, clock, random, hours: settings.sessionHours, ...file });
}

function filesOf({ certificate, key }: Settings['api']): CertificateFiles | undefined {
  if (certificate === undefined || key === undefined) return undefined;
  return { certificate, key, section: 'api', remedy: 'correct api.certificate and api.key' };
}
