import { readFileSync, statSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { addressOf } from '../config/api-schema.ts';
import type { Settings } from '../config/settings.ts';
import { waited, type Clock } from '../lib/clock.ts';
import { messageOf, SyncError } from '../lib/errors.ts';
import type { Logger } from '../lib/logger.ts';
import type { NodeId } from '../model/node.ts';
import type { DurableNodeTokens } from '../store/node-tokens.ts';
import type { Visits } from '../transport/visits.ts';
import { Allowance } from './allowance.ts';
import { pullPath, TurnedAway, visit } from './pull-visit.ts';

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

const againMs = 30_000;
const renewMs = 60_000;
const handshakeMs = 5_000;
const headersMs = 5_000;
/** A receipt of the largest size over a slow line. */
const requestMs = 60_000;

/**
 * Serves nodes that fetch their configuration themselves: one path over TLS, and nothing else. A place or a certificate that cannot
 * be had is told and tried again.
 */
export async function servePull(parts: PullServerParts): Promise<PullServer> {
  const door = new PullDoor(parts);
  await door.begin();
  return door;
}

class PullDoor implements PullServer {
  readonly #parts: PullServerParts;
  readonly #connections: Allowance;
  readonly #stop = new AbortController();
  #server: Server | undefined;
  #read = '';
  #toldMs = -Infinity;
  #work = Promise.resolve();

  constructor(parts: PullServerParts) {
    this.#parts = parts;
    this.#connections = new Allowance(parts.settings.connectionsPerMinute, parts.clock);
  }

  address(): AddressInfo | undefined {
    return (this.#server?.address() as AddressInfo | null | undefined) ?? undefined;
  }

  async begin(): Promise<void> {
    const { log, settings } = this.#parts;
    const failure = await this.#open();
    if (failure !== undefined)
      log.error('nodes cannot fetch their configuration; it is tried again', {
        address: settings.listen,
        error: failure,
      });
    this.#work = this.#keep();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#work;
    const server = this.#server;
    if (server === undefined) return;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    server.close(() => {
      resolve(undefined);
    });
    server.closeAllConnections();
    await promise;
  }

  /** Opens the door where it could not be opened, and takes a certificate that was renewed. */
  async #keep(): Promise<void> {
    const { clock } = this.#parts;
    while (await waited(clock, this.#server === undefined ? againMs : renewMs, this.#stop.signal)) {
      if (this.#server === undefined) await this.#open();
      else this.#renew(this.#server);
    }
  }

  async #open(): Promise<unknown> {
    const { settings, log, onOpen } = this.#parts;
    try {
      const server = createServer(
        {
          ...this.#certificate(),
          minVersion: 'TLSv1.2',
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
      });
      const { promise, resolve, reject } = Promise.withResolvers<undefined>();
      server.once('error', reject);
      server.listen(addressOf(settings.listen), () => {
        resolve(undefined);
      });
      await promise;
      server.removeListener('error', reject);
      server.on('error', () => undefined);
      this.#server = server;
      log.info('nodes can fetch their configuration', { address: settings.listen });
      onOpen();
      return undefined;
    } catch (error) {
      return error;
    }
  }

  #renew(server: Server): void {
    const { certificate, key } = this.#parts.settings;
    try {
      if (stampOf(certificate, key) === this.#read) return;
      server.setSecureContext({ ...this.#certificate(), minVersion: 'TLSv1.2' });
      this.#parts.log.info('the certificate for nodes is read again');
    } catch (error) {
      this.#parts.log.warn('the renewed certificate for nodes cannot be used; the old one stays', { error });
    }
  }

  #certificate(): { readonly cert: Buffer; readonly key: Buffer } {
    const { certificate = '', key = '' } = this.#parts.settings;
    try {
      const stamp = stampOf(certificate, key);
      const pair = { cert: readFileSync(certificate), key: readFileSync(key) };
      this.#read = stamp;
      return pair;
    } catch (error) {
      throw new SyncError(
        'config',
        `pull: expected readable files of the certificate and its key, got ${messageOf(error)}`,
        { remedy: 'correct pull.certificate and pull.key' },
      );
    }
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
    if (now < this.#toldMs + renewMs) return;
    this.#toldMs = now;
    this.#parts.log.warn('visits of nodes fail', { error });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { tokens, visits, settings } = this.#parts;
    const [, secret = ''] = /^Bearer (\S{1,128})$/u.exec(request.headers.authorization ?? '') ?? [];
    const holder = tokens.holderOf(secret);
    if (holder === undefined) throw new TurnedAway(401, 'expected the token of a node');
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

function stampOf(...files: readonly (string | undefined)[]): string {
  return files
    .map((file = '') => {
      const { ino, mtimeMs, size } = statSync(file);
      return [ino, mtimeMs, size].join(' ');
    })
    .join(', ');
}
