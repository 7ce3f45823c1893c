import { useEffect, useState } from 'preact/hooks';
import type { SessionReport } from '../contract/session.ts';
import { readSession } from './api.ts';
import { follow, type Connection } from './live.ts';
import { withEvents, type FleetState } from './model/fleet-state.ts';
import type { FeedEvent } from '../contract/events.ts';
import { placeOf, type Place } from './model/place.ts';

/** All that the page knows. Views read it and change nothing in it. */
export interface PageState {
  readonly place: Place;
  /** Undefined until the daemon has said who this is; null where nobody is signed in. */
  readonly session: SessionReport | null | undefined;
  /** Why somebody who was signed in no longer is. */
  readonly signedOutBecause: string | undefined;
  readonly connection: Connection;
  readonly fleet: FleetState | undefined;
  /** What a screen reader is told. */
  readonly said: string;
}

let state: PageState = {
  place: placeOf(location.hash),
  session: undefined,
  signedOutBecause: undefined,
  connection: { kind: 'connecting' },
  fleet: undefined,
  said: '',
};
const listeners = new Set<() => void>();

export function change(next: Partial<PageState>): void {
  state = { ...state, ...next };
  for (const listener of listeners) listener();
}

/** The state of the page; the component is drawn again when it changes. */
export function usePage(): PageState {
  const [seen, setSeen] = useState(state);
  useEffect(() => {
    const listener = (): void => {
      setSeen(state);
    };
    listeners.add(listener);
    listener();
    return () => {
      listeners.delete(listener);
    };
  }, []);
  return seen;
}

/** Says something to a screen reader, politely. */
export function say(text: string): void {
  change({ said: text });
}

let stopFollowing: (() => void) | undefined;
let waiting: FeedEvent[] = [];

/** Follows the daemon as the one who has signed in. */
export function begin(session: SessionReport): void {
  stopFollowing?.();
  change({ session, signedOutBecause: undefined, connection: { kind: 'connecting' } });
  stopFollowing = follow({
    events: gather,
    connection: (connection) => {
      if (connection.kind !== state.connection.kind) change({ connection });
    },
    signedOut: () => {
      end('Your session is over, or its token was revoked.');
    },
  });
}

/** Back to the page that asks for a token. */
export function end(because: string | undefined): void {
  stopFollowing?.();
  stopFollowing = undefined;
  change({ session: null, signedOutBecause: because, fleet: undefined });
}

/** A burst of events is drawn once, with the next frame; a page in the background has no frames and takes them at once. */
function gather(events: readonly FeedEvent[]): void {
  const isFirst = waiting.length === 0;
  waiting.push(...events);
  if (!isFirst) return;
  const take = (): void => {
    const fleet = withEvents(state.fleet, waiting);
    waiting = [];
    change({ fleet });
  };
  if (document.hidden) take();
  else requestAnimationFrame(take);
}

/** Asks the daemon who this is, until it answers. */
export async function start(): Promise<void> {
  window.addEventListener('hashchange', () => {
    change({ place: placeOf(location.hash) });
  });
  for (;;) {
    try {
      const session = await readSession();
      if (session === undefined) change({ session: null, connection: { kind: 'live' } });
      else begin(session);
      return;
    } catch {
      change({ connection: { kind: 'lost', lostAt: new Date().toISOString() } });
      const { promise, resolve } = Promise.withResolvers<undefined>();
      window.setTimeout(() => {
        resolve(undefined);
      }, 2_000);
      await promise;
    }
  }
}
