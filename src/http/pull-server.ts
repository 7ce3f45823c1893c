import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Settings } from '../config/settings.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { Place } from '../lib/place.ts';
import type { NodeId } from '../model/node.ts';
import type { DurableNodeTokens } from '../store/node-tokens.ts';
import type { Visits } from '../transport/visits.ts';
import { Allowance } from './allowance.ts';
import { Door } from './door.ts';
import { listening, oldestTls, type Certified, type Listening } from './listen.ts';
import { pullPath, TurnedAway, visit } from './pull-visit.ts';
import { Strangers } from './strangers.ts';

export interface PullServerParts {
  readonly settings: Settings['pull'];
  readonly visits: Visits;
  readonly tokens: Pick<DurableNodeTokens, 'holderOf' | 'used'>;
  /** What a node runs to join, for whoever shows its token; undefined for one that is not registered to fetch. */
  readonly joinScript: (id: NodeId, secret: string) => Promise<Buffer | undefined>;
  /** The door is open. */
  readonly onOpen: () => void;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface PullServer {
  /** Where it listens; undefined while the place cannot be had. */
  readonly address: () => AddressInfo | undefined;
  close(): Promise<void>;
}

const complainMs = 60_000;
const handshakeMs = 5_000;
const headersMs = 5_000;
/** A receipt of the largest size over a slow line. */
const requestMs = 60_000;
/** Of all connections, those that have shown no token yet. */
const strangersShare = 0.5;

/** Serves nodes that fetch their configuration themselves: one path over TLS, and nothing else. */
export async function servePull(parts: PullServerParts): Promise<PullServer> {
  const { settings, onOpen, clock, log } = parts;
  const { certificate = '', key = '' } = settings;
  const visitors = new Visitors(parts);
  const door = new Door({
    ...{ place: settings.listen, clock, log },
    files: { certificate, key, section: 'pull', remedy: 'correct pull.certificate and pull.key' },
    listen: (place, tls) => visitors.receive(place, tls),
    onOpen: () => {
      log.info('nodes can fetch their configuration', { address: settings.listen });
      onOpen();
    },
    shut: 'nodes cannot fetch their configuration',
  });
  await door.begin();
  return { address: () => door.address(), close: () => door.close() };
}

class Visitors {
  readonly #parts: PullServerParts;
  readonly #connections: Allowance;
  readonly #strangers: Strangers;
  #toldMs = -Infinity;

  constructor(parts: PullServerParts) {
    this.#parts = parts;
    this.#connections = new Allowance(parts.settings.connectionsPerMinute, parts.clock);
    this.#strangers = new Strangers(Math.ceil(parts.settings.maxConnections * strangersShare));
  }

  receive(place: Place, tls: Certified | undefined): Promise<Listening> {
    const { settings } = this.#parts;
    const server = createServer(
      {
        ...{ cert: tls?.cert, key: tls?.key, minVersion: oldestTls },
        handshakeTimeout: handshakeMs,
        headersTimeout: headersMs,
        requestTimeout: requestMs,
        connectionsCheckingInterval: 1_000,
        keepAliveTimeout: headersMs,
        maxHeaderSize: 8_192,
      },
      (request, response) => void this.#serve(request, response),
    );
    server.maxConnections = settings.maxConnections;
    // Before the handshake, which is what a stranger costs us.
    server.on('connection', (socket: Socket) => {
      if (this.#connections.take(socket.remoteAddress ?? '') > 0) socket.destroy();
      else this.#strangers.admit(socket);
    });
    return listening(server, place);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    try {
      await this.#answer(request, response);
    } catch (error) {
      if (response.headersSent || response.destroyed) return;
      const status = error instanceof TurnedAway ? error.status : 503;
      // What is left of the request is not read.
      response.writeHead(status, { connection: 'close', 'content-type': 'text/plain' });
      response.end(error instanceof TurnedAway ? `${error.message}\n` : '');
      if (!(error instanceof TurnedAway)) this.#complain(error);
    }
  }

  /** Every node meets the same trouble with every visit: it is told once in a while. */
  #complain(error: unknown): void {
    const now = this.#parts.clock.monotonic();
    if (now < this.#toldMs + complainMs) return;
    this.#toldMs = now;
    this.#parts.log.warn('visits of nodes fail', { error });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { tokens, visits, settings } = this.#parts;
    const [, secret = ''] = /^Bearer (\S{1,128})$/u.exec(request.headers.authorization ?? '') ?? [];
    const holder = tokens.holderOf(secret);
    if (holder === undefined) throw new TurnedAway(401, 'expected the token of a node');
    this.#strangers.known(request.socket);
    if (request.url !== pullPath) throw new TurnedAway(404, `expected ${pullPath}`);
    const id = holder.node as NodeId;
    if (request.method === 'GET') return this.#join(id, secret, response);
    if (request.method !== 'POST') throw new TurnedAway(405, 'expected POST');
    await tokens.used(holder);
    request.socket.setKeepAlive(true, 15_000);
    return visit(id, request, response, { visits, hangMs: settings.hangMs });
  }

  async #join(id: NodeId, secret: string, response: ServerResponse): Promise<void> {
    const script = await this.#parts.joinScript(id, secret);
    if (script === undefined)
      throw new TurnedAway(404, `expected a node that is registered with --pull, got ${id}`);
    response.writeHead(200, {
      'content-type': 'text/x-shellscript',
      'content-length': script.length,
      'cache-control': 'no-store',
    });
    response.end(script);
  }
}
