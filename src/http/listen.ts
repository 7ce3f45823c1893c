import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';
import type { Server } from 'node:http';
import { createServer } from 'node:https';
import type { ListenOptions } from 'node:net';
import type { Env } from './app.ts';

/** A server that answers at its place. */
export interface Listening {
  readonly server: Server;
  /** Takes no new request and ends the open ones. */
  close(): Promise<void>;
}

/** PEM texts for TLS. */
export interface Certified {
  readonly cert: Buffer;
  readonly key: Buffer;
}

export const oldestTls = 'TLSv1.2';

/** Serves an app. Rejects with the system's error where the place cannot be had. */
export async function listen(app: Hono<Env>, options: ListenOptions, tls?: Certified): Promise<Listening> {
  const server = createAdaptorServer(
    tls === undefined
      ? { fetch: app.fetch }
      : {
          fetch: app.fetch,
          createServer,
          serverOptions: { cert: tls.cert, key: tls.key, minVersion: oldestTls },
        },
  ) as Server;
  server.headersTimeout = 10_000;
  return listening(server, options);
}

/** Has a server listen. Rejects with the system's error where the place cannot be had. */
export async function listening(server: Server, options: ListenOptions): Promise<Listening> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  server.once('error', reject);
  server.listen(options, () => {
    resolve(undefined);
  });
  await promise;
  server.removeListener('error', reject);
  server.on('error', () => undefined);
  return { server, close: () => close(server) };
}

async function close(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  server.close(() => {
    resolve(undefined);
  });
  server.closeAllConnections();
  await promise;
}
