import { chmod, mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { aliveMs } from '../contract/routes.ts';
import { systemClock } from '../lib/clock.ts';
import { systemRandom } from '../lib/random.ts';
import { buildApp } from './app.ts';
import { Feed } from './feed.ts';
import type { Served } from './handlers.ts';
import { listen } from './listen.ts';

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
 * Serves the controller over a unix socket that only its owner can reach, and who reaches it may do everything. A file of an
 * earlier run at that place is removed: the caller holds the lock of the state directory, so nobody can be serving it.
 */
export async function serveSocket(options: SocketServerOptions): Promise<SocketServer> {
  const { socket, controller, version } = options;
  await mkdir(dirname(socket), { recursive: true, mode: 0o700 });
  await rm(socket, { force: true });
  const feed = new Feed({ status: () => controller.status(), clock: systemClock, random: systemRandom });
  const app = buildApp({
    controller,
    version,
    aliveMs: options.aliveMs ?? aliveMs,
    feed,
    guards: [
      async (context, next) => {
        context.set('caller', { name: undefined, role: 'owner' });
        await next();
      },
    ],
    admit: () => undefined,
  });
  // Between bind and chmod nobody else may connect: the folder is closed, and so is the mask.
  const mask = process.umask(0o177);
  const door = await listen(app, { path: socket }).finally(() => process.umask(mask));
  await chmod(socket, 0o600);
  return {
    close: async () => {
      await feed.close();
      await door.close();
      await rm(socket, { force: true });
    },
  };
}
