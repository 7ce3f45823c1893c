import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { aliveMs } from '../contract/routes.ts';
import { addressOf } from '../config/api-schema.ts';
import type { Settings } from '../config/settings.ts';
import type { Clock } from '../lib/clock.ts';
import { messageOf, SyncError } from '../lib/errors.ts';
import type { Logger } from '../lib/logger.ts';
import type { Random } from '../lib/random.ts';
import { buildApp } from './app.ts';
import { admitByRole, byToken, type Holders } from './bearer.ts';
import { addDashboard, dashboardFolder } from './dashboard.ts';
import { Feed } from './feed.ts';
import { fromAllowed, fromNoOtherSite, notTooOften, toOurName } from './guards.ts';
import type { Served } from './handlers.ts';
import { listen, type Certified, type Listening } from './listen.ts';
import { addMetrics } from './metrics-route.ts';
import type { Scrape } from './metrics/metrics.ts';
import { webhookDoor, type WebhookDoorParts } from './webhook-door.ts';
import { tryAgain } from './patient.ts';
import { addProbes } from './probes.ts';
import { sessionFile } from './session-file.ts';
import { Sessions, type NamedHolders } from './sessions.ts';

export interface TcpServerParts {
  readonly settings: Settings['api'];
  readonly controller: Served;
  readonly holders: Holders & NamedHolders;
  readonly version: string;
  /** Where sessions outlive this process; without it they end with it. */
  readonly sessionsPath?: string;
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

type Place = NonNullable<ReturnType<typeof addressOf>>;

/**
 * Serves the API over TCP to whoever shows a token. A place or a certificate that cannot be had is told and tried again: the nodes
 * do not wait for the API.
 */
export async function serveTcp(parts: TcpServerParts): Promise<TcpServer> {
  const place = addressOf(parts.settings.listen);
  if (place === undefined) return { url: () => undefined, close: () => Promise.resolve() };
  const door = new TcpDoor(parts, place);
  await door.begin();
  return door;
}

class TcpDoor implements TcpServer {
  readonly #parts: TcpServerParts;
  readonly #place: Place;
  readonly #feed: Feed;
  readonly #stop = new AbortController();
  #open: Listening | undefined;
  #url: string | undefined;
  #trying = Promise.resolve();

  constructor(parts: TcpServerParts, place: Place) {
    this.#parts = parts;
    this.#place = place;
    const { controller, clock, random } = parts;
    this.#feed = new Feed({ status: () => controller.status(), clock, random });
  }

  url(): string | undefined {
    return this.#url;
  }

  async begin(): Promise<void> {
    try {
      await this.#listen();
    } catch (error) {
      const text = 'the API cannot be served over TCP and is tried again; nodes are pushed all the same';
      this.#parts.log.error(text, { address: this.#parts.settings.listen, error });
      // It was told once that the place cannot be had.
      this.#trying = tryAgain(() => this.#listen(), this.#parts.clock, this.#stop.signal);
    }
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#trying;
    await this.#feed.close();
    await this.#open?.close();
  }

  async #listen(): Promise<void> {
    const certified = certificateOf(this.#parts.settings);
    this.#open = await listen(appOf(this.#parts, this.#feed), this.#place, certified);
    this.#url = urlOf(this.#open, certified !== undefined);
    this.#parts.log.info('the API is served', { url: this.#url });
  }
}

function urlOf({ server }: Listening, secure: boolean): string {
  const { address, port, family } = server.address() as AddressInfo;
  const host = family === 'IPv6' ? `[${address}]` : address;
  return `${secure ? 'https' : 'http'}://${host}:${String(port)}`;
}

function appOf(parts: TcpServerParts, feed: Feed) {
  const { settings, controller, holders, version, clock, log, metrics, webhook } = parts;
  const { allowFrom, hosts, requestsPerMinute, wrongTokensPerMinute } = settings;
  const sessions = sessionsOf(parts);
  const named = byToken(holders, { wrongPerMinute: wrongTokensPerMinute, clock, sessions });
  const app = buildApp({
    controller,
    version,
    aliveMs,
    feed,
    sessions: { sessions, secure: settings.certificate !== undefined },
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

function certificateOf({ certificate, key }: Settings['api']): Certified | undefined {
  if (certificate === undefined || key === undefined) return undefined;
  try {
    return { cert: readFileSync(certificate), key: readFileSync(key) };
  } catch (error) {
    throw new SyncError(
      'config',
      `api: expected readable files of the certificate and its key, got ${messageOf(error)}`,
      {
        remedy: 'correct api.certificate and api.key',
      },
    );
  }
}
