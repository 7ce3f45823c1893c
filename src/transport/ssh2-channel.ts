import type { Client, ClientChannel } from 'ssh2';
import { messageOf } from '../lib/errors.ts';
import { lateFailure, limited } from './deadline.ts';

export interface Asking<T> {
  readonly limitMs: number;
  readonly ask: (client: Client, done: (error: Error | undefined, channel: ClientChannel) => void) => unknown;
  /** Called at once with the channel, before another byte of it is read. */
  readonly take: (channel: ClientChannel) => T;
}

/** Asks for a channel, for which ssh2 itself has no limit; one that comes too late is closed. */
export async function askForChannel<T>(client: Client, { limitMs, ask, take }: Asking<T>): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  let late = false;
  // Throws at once where the connection is already half closed.
  ask(client, (error, channel) => {
    if (error !== undefined) reject(error instanceof Error ? error : new Error(messageOf(error)));
    else if (late) discard(channel);
    else resolve(take(channel));
  });
  return await limited(promise, limitMs, () => {
    late = true;
    return lateFailure('channel', limitMs, false);
  });
}

/** Closes a channel that nobody waits for any more; without stdin the command ends by itself. */
export function discard(channel: ClientChannel): void {
  channel.on('error', () => undefined);
  channel.close();
  channel.resume();
  channel.stderr.resume();
}

/** The host answered and said no to this one channel: the session itself is sound. */
export function isRefusedChannel(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  return error.message.includes('Channel open failure') || error.message.startsWith('Unable to exec');
}
