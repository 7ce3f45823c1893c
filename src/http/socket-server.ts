import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { chmod, mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { aliveMs, bodyLimit, routes, type RouteName, type StreamLine } from '../contract/routes.ts';
import { SyncError } from '../lib/errors.ts';
import { handlersOf, type Served } from './handlers.ts';
import { problemOf } from './problem.ts';

export interface SocketServerOptions {
  readonly socket: string;
  readonly controller: Served;
  readonly version: string;
  /** Signs of life on streamed answers; shrunk by tests. */
  readonly aliveMs?: number;
}

export interface SocketServer {
  /** Takes no new request and ends the open ones. */
  close(): Promise<void>;
}

/**
 * Serves the controller over a unix socket that only its owner can reach. A file of an earlier run at that place is removed:
 * the caller holds the lock of the state directory, so nobody can be serving it.
 */
export async function serveSocket(options: SocketServerOptions): Promise<SocketServer> {
  await mkdir(dirname(options.socket), { recursive: true, mode: 0o700 });
  await rm(options.socket, { force: true });
  const server = createServer((request, response) => void answer(request, response, options));
  server.headersTimeout = 10_000;
  await listen(server, options.socket);
  await chmod(options.socket, 0o600);
  return {
    close: async () => {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      server.close(() => resolve(undefined));
      server.closeAllConnections();
      await promise;
      await rm(options.socket, { force: true });
    },
  };
}

async function listen(server: Server, path: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  server.once('error', reject);
  // Between bind and chmod nobody else may connect: the folder is closed, and so is the mask.
  const mask = process.umask(0o177);
  server.listen(path, () => resolve(undefined));
  await promise.finally(() => process.umask(mask));
  server.removeListener('error', reject);
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: SocketServerOptions,
): Promise<void> {
  // A client that goes away is no failure; what it asked for goes on.
  response.on('error', () => undefined);
  try {
    const name = routeOf(request);
    const body = await bodyOf(name, request);
    if (routes[name].form === 'stream') await streamed(name, body, response, options);
    else finish(response, 200, await handle(name, body, options, () => undefined));
  } catch (error) {
    const { status, problem } = problemOf(error);
    finish(response, status, problem);
  }
}

function routeOf(request: IncomingMessage): RouteName {
  const path = (request.url ?? '').split('?')[0] ?? '';
  const found = Object.entries(routes).find(([, route]) => route.path === path);
  if (found === undefined)
    throw new SyncError('notFound', `route: expected one of this version, got ${JSON.stringify(path)}`, {
      remedy: 'restart the daemon after an upgrade',
    });
  if (found[1].method !== request.method)
    throw new SyncError('usage', `${path}: expected ${found[1].method}, got ${request.method ?? 'nothing'}`);
  return found[0] as RouteName;
}

async function bodyOf(name: RouteName, request: IncomingMessage): Promise<unknown> {
  const { body } = routes[name];
  const text = await read(request);
  let value: unknown = {};
  if (text !== '') {
    try {
      value = JSON.parse(text);
    } catch {
      throw new SyncError('usage', `${name}: expected a JSON body, got something else`);
    }
  }
  const parsed = body.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new SyncError(
    'usage',
    `${name}: expected a body of this form, got one that is wrong at ${issue?.path.join('.') ?? '?'}: ${issue?.message ?? ''}`,
  );
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    if (bytes > bodyLimit)
      throw new SyncError('usage', `body: expected at most ${String(bodyLimit)} bytes, got more`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

type OnNode = Parameters<ReturnType<typeof handlersOf>['push']>[1];

function handle(
  name: RouteName,
  body: unknown,
  options: SocketServerOptions,
  onNode: OnNode,
): Promise<unknown> {
  // The body has passed the schema of this very route, which the table of handlers is typed by.
  const handler = handlersOf(options.controller, options.version)[name] as (
    body: unknown,
    onNode: OnNode,
  ) => Promise<unknown>;
  return handler(body, onNode);
}

async function streamed(
  name: RouteName,
  body: unknown,
  response: ServerResponse,
  options: SocketServerOptions,
): Promise<void> {
  const tell = (line: StreamLine): void => {
    if (!response.writableEnded && !response.destroyed) response.write(`${JSON.stringify(line)}\n`);
  };
  response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
  tell({ type: 'alive' });
  const pulse = setInterval(() => tell({ type: 'alive' }), options.aliveMs ?? aliveMs);
  try {
    tell({
      type: 'end',
      answer: await handle(name, body, options, (report) => tell({ type: 'node', report })),
    });
  } catch (error) {
    tell({ type: 'problem', problem: problemOf(error).problem });
  } finally {
    clearInterval(pulse);
    response.end();
  }
}

function finish(response: ServerResponse, status: number, value: unknown): void {
  if (response.headersSent) return;
  const text = JSON.stringify(value);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    connection: 'close',
  });
  response.end(text);
}
