import type { FeedEvent } from '../contract/events.ts';
import { EventStream } from './model/event-stream.ts';

/** Whether the daemon is heard; `lostAt` is when it fell silent. */
export type Connection =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  | { readonly kind: 'lost'; readonly lostAt: string };

export interface Listener {
  readonly events: (events: readonly FeedEvent[]) => void;
  readonly connection: (connection: Connection) => void;
  /** The session is over: nobody is told anything any more. */
  readonly signedOut: () => void;
}

// The daemon gives a sign of life every 15 s: three that are missing mean that the way to it is gone.
const silenceMs = 45_000;
const [firstPauseMs, longestPauseMs] = [500, 5_000];

/** Follows what changes, and finds the daemon again by itself. @returns how to stop. */
export function follow(listener: Listener): () => void {
  const stop = new AbortController();
  void keepFollowing(listener, stop.signal);
  return () => {
    stop.abort();
  };
}

async function keepFollowing(listener: Listener, stop: AbortSignal): Promise<void> {
  let lastId: string | undefined;
  let pauseMs = firstPauseMs;
  let lostAt: string | undefined;
  for (;;) {
    const ended = await listen(stop, lastId, (events, id) => {
      lastId = id ?? lastId;
      pauseMs = firstPauseMs;
      lostAt = undefined;
      listener.connection({ kind: 'live' });
      if (events.length > 0) listener.events(events);
    });
    if (stop.aborted) return;
    if (ended === 'signed-out') {
      listener.signedOut();
      return;
    }
    // An answer that ends in good order begins again at once; only one that does not come is a loss.
    if (ended === 'lost') {
      lostAt ??= new Date().toISOString();
      listener.connection({ kind: 'lost', lostAt });
      await pause(pauseMs, stop);
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    } else await pause(firstPauseMs, stop);
  }
}

type Take = (events: readonly FeedEvent[], lastId: string | undefined) => void;

async function listen(
  stop: AbortSignal,
  lastId: string | undefined,
  take: Take,
): Promise<'ended' | 'lost' | 'signed-out'> {
  const silence = new AbortController();
  const timer = (): number =>
    window.setTimeout(() => {
      silence.abort();
    }, silenceMs);
  let deadline = timer();
  let heard = false;
  try {
    const response = await fetch('/api/v1/events', {
      headers: lastId === undefined ? {} : { 'last-event-id': lastId },
      cache: 'no-store',
      signal: AbortSignal.any([stop, silence.signal]),
    });
    if (response.status === 401) return 'signed-out';
    if (!response.ok || response.body === null) return 'lost';
    const stream = new EventStream();
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    take([], undefined);
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return heard ? 'ended' : 'lost';
      heard = true;
      window.clearTimeout(deadline);
      deadline = timer();
      const { events, lastId: id } = stream.take(decoder.decode(value, { stream: true }));
      take(events, id);
    }
  } catch {
    return 'lost';
  } finally {
    window.clearTimeout(deadline);
  }
}

/** Waits, or until the machine is awake or on the network again. */
async function pause(ms: number, stop: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const go = (): void => {
    resolve(undefined);
  };
  const timer = window.setTimeout(go, ms);
  window.addEventListener('online', go, { once: true });
  stop.addEventListener('abort', go, { once: true });
  await promise;
  window.clearTimeout(timer);
  window.removeEventListener('online', go);
  stop.removeEventListener('abort', go);
}
