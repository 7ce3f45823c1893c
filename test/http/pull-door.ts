// The listener for nodes on a free port of loopback, over real tokens and real visits.
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { settingsSchema } from '../../src/config/schema.ts';
import type { Settings } from '../../src/config/settings.ts';
import { servePull, type PullServer } from '../../src/http/pull-server.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { loggerOver } from '../../src/lib/logger.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { nodeId, type NodeId } from '../../src/model/node.ts';
import { openDurable } from '../../src/store/durable.ts';
import { DurableNodeTokens } from '../../src/store/node-tokens.ts';
import { createPullTransport } from '../../src/transport/pull.ts';
import type { Endpoint, ExchangeResult } from '../../src/transport/transport.ts';
import { Visits } from '../../src/transport/visits.ts';
import { certificateIn } from '../support/certificate.ts';

export interface Reply {
  readonly status: number;
  readonly body: string;
}

export interface Visit {
  readonly token?: string;
  readonly method?: string;
  readonly path?: string;
  readonly nonce?: string;
  readonly exit?: string;
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

export const home = nodeId('worker_nodes', '192.168.1.20');
export const office = nodeId('worker_nodes', '192.168.1.21');
export const nonceOf = (letter: string): string => letter.repeat(32);

export interface PullDoor {
  readonly server: PullServer;
  readonly visits: Visits;
  readonly tokens: DurableNodeTokens;
  readonly port: number;
  readonly certificate: string;
  readonly folder: string;
  readonly said: readonly string[];
  token(node?: NodeId): Promise<string>;
  visit(how: Visit): Promise<Reply>;
  /** Has a node fetch a request with this nonce. */
  ask(nonce: string, node?: NodeId): Promise<ExchangeResult>;
  /** True once a node waits at the door. */
  waits(node?: NodeId): boolean;
}

export async function openPullDoor(changes: Partial<Settings['pull']> = {}): Promise<PullDoor> {
  const folder = await mkdtemp(join(tmpdir(), 'pull-door-'));
  const said: string[] = [];
  const log = loggerOver((_level, text) => said.push(text));
  const durable = await openDurable({ path: join(folder, 'durable.db'), clock: systemClock, log });
  const tokens = await DurableNodeTokens.open(durable, systemClock, systemRandom);
  const visits = new Visits(systemClock);
  const { certificate, key } = certificateIn(folder);
  const settings = { ...settingsSchema.parse({}).pull, listen: '127.0.0.1:0', certificate, key, ...changes };
  const server = await servePull({
    ...{ settings, visits, tokens, clock: systemClock, log },
    joinScript: (id, secret) => Promise.resolve(id === home ? Buffer.from(`join ${secret}`) : undefined),
    onOpen: () => {
      visits.serve(() => undefined);
    },
  });
  const agent = new Agent({ rejectUnauthorized: false, keepAlive: false });
  onTestFinished(async () => {
    agent.destroy();
    visits.close();
    await server.close();
    await durable.close();
    await rm(folder, { recursive: true, force: true });
  });
  const port = server.address()?.port ?? 0;
  const transport = createPullTransport(visits);
  return {
    ...{ server, visits, tokens, port, certificate, folder, said },
    token: (node = home) => tokens.mint({ node, who: 'test', reason: undefined, now: false }),
    visit: (how) => replyTo(port, agent, how),
    ask: (nonce, node = home) =>
      transport.exchange(
        { id: node, pull: true } as unknown as Endpoint,
        {
          program: 'receive',
          stdin: Buffer.from(
            `SC1 check sc-test-0001 ${node} hosts 1 writer01 1 - 0 - ${nonce} 5000 0 - 0 -\n`,
          ),
          deadlineMs: 20_000,
          maxOutputBytes: 1_000,
        },
        new AbortController().signal,
      ),
    waits: (node = home) => visits.sightOf(node)?.here === true,
  };
}

async function replyTo(port: number, agent: Agent, how: Visit): Promise<Reply> {
  const { token, method = 'POST', path = '/pull/v1', nonce, exit = '0', body = '', headers = {} } = how;
  const { promise, resolve, reject } = Promise.withResolvers<Reply>();
  const sent = request(
    {
      host: '127.0.0.1',
      port,
      agent,
      method,
      path,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(nonce === undefined ? {} : { 'x-sync-nonce': nonce, 'x-sync-exit': exit }),
        ...(method === 'POST' ? { 'content-length': String(Buffer.byteLength(body)) } : {}),
        ...headers,
      },
    },
    (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() });
      });
    },
  );
  sent.on('error', reject);
  sent.end(body);
  return promise;
}
