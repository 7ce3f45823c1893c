import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { TokenRole } from '../../src/model/token.ts';
import { settingsSchema } from '../../src/config/schema.ts';
import type { Settings } from '../../src/config/settings.ts';
import { serveTcp, type TcpServer, type TcpServerParts } from '../../src/http/tcp-server.ts';
import { systemClock, type Clock } from '../../src/lib/clock.ts';
import { loggerOver } from '../../src/lib/logger.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { openDurable, type Durable } from '../../src/store/durable.ts';
import { DurableTokens } from '../../src/store/tokens.ts';
import { ControllerDouble } from '../cli/controller-double.ts';

/** An open door on a free port of loopback, over a double of the controller and real tokens. */
export interface Door {
  readonly controller: ControllerDouble;
  readonly tokens: DurableTokens;
  readonly server: TcpServer;
  readonly url: string;
  readonly said: { readonly level: string; readonly text: string }[];
  /** What the audit was told of sign-ins. */
  readonly deeds: string[];
  /** From now on the store says that it is damaged. */
  loseStore(): void;
  /** Mints a token for this test. */
  token(role: TokenRole, name?: string): Promise<string>;
  ask(path: string, init?: RequestInit & { readonly token?: string }): Promise<Response>;
  /** A POST of a JSON body. */
  post(path: string, token: string | undefined, body?: unknown): Promise<Response>;
}

const quiet: Settings['api'] = { ...settingsSchema.parse({}).api, listen: '127.0.0.1:0' };

interface DoorWith {
  readonly clock?: Clock;
  readonly metrics?: TcpServerParts['metrics'];
  readonly webhook?: TcpServerParts['webhook'];
  readonly controller?: ControllerDouble;
}

export async function openDoor(
  changes: Partial<Settings['api']> = {},
  { clock = systemClock, metrics, webhook, controller = new ControllerDouble() }: DoorWith = {},
): Promise<Door> {
  const folder = await mkdtemp(join(tmpdir(), 'door-'));
  const deeds: string[] = [];
  const said: { level: string; text: string }[] = [];
  const log = loggerOver((level, text) => said.push({ level, text }));
  const durable = await openDurable({ path: join(folder, 'durable.db'), clock, log });
  let lost: string | undefined;
  const losable: Durable = {
    state: () =>
      lost === undefined ? durable.state() : { available: false, reason: lost, remedy: 'restore a backup' },
    ask: (name, ...args) => durable.ask(name, ...args),
    close: () => durable.close(),
  };
  const tokens = await DurableTokens.open(losable, clock, systemRandom);
  const settings = { ...quiet, ...changes };
  const server = await serveTcp({
    settings,
    controller,
    holders: tokens,
    version: '1.2.3',
    clock,
    log,
    random: systemRandom,
    keep: ({ who }, action, detail) => {
      deeds.push(`${who} ${action} ${detail}`);
      return Promise.resolve();
    },
    sessionsPath: join(folder, 'sessions.json'),
    ...(metrics === undefined ? {} : { metrics }),
    ...(webhook === undefined ? {} : { webhook }),
  });
  onTestFinished(async () => {
    await server.close();
    await durable.close();
    await rm(folder, { recursive: true, force: true });
  });
  const ask: Door['ask'] = (path, { token, ...init } = {}) => {
    const headers = new Headers(init.headers);
    if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
    return fetch(`${server.url() ?? 'http://nowhere'}${path}`, { ...init, headers });
  };
  let minted = 0;
  return {
    ...{ controller, tokens, server, said, deeds, ask, url: server.url() ?? '' },
    loseStore: () => {
      lost = 'durable.db is damaged';
    },
    token: (role, name = `${role}-${String((minted += 1))}`) =>
      tokens.mint({ name, role, expires: undefined, who: 'test', reason: undefined }),
    post: (path, token, body = {}) =>
      ask(path, {
        ...(token === undefined ? {} : { token }),
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
  };
}
