import type { Duplex } from 'node:stream';
import type { Clock } from '../lib/clock.ts';
import { abortable } from './deadline.ts';
import { dialTcp } from './dial.ts';
import { loadIdentities } from './identities.ts';
import type { TransportSettings } from './settings.ts';
import { Ssh2Session } from './ssh2-session.ts';
import type { Endpoint, ScanTarget } from './transport.ts';
import { TransportFailure } from './transport.ts';

/** The sessions that live, at most one in use per way to a host; a jump host's session is shared by all behind it. */
export class Ssh2Pool {
  readonly #settings: TransportSettings;
  readonly #clock: Clock;
  readonly #current = new Map<string, Ssh2Session>();
  readonly #living = new Set<Ssh2Session>();
  #closed = false;

  constructor(settings: TransportSettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
  }

  /** The session to use now: the warm one, the one being opened, or a new one. */
  acquire(endpoint: Endpoint): Ssh2Session {
    if (this.#closed) throw new TransportFailure('internal', 'the transport is closed', false);
    const key = wayTo(endpoint);
    const present = this.#current.get(key);
    if (present?.accepts(endpoint) === true) return present;
    present?.retire();
    const session = new Ssh2Session({
      endpoint,
      settings: this.#settings,
      clock: this.#clock,
      identities: () => loadIdentities(endpoint.identities),
      route: (signal) => this.route(endpoint, signal),
    });
    this.#current.set(key, session);
    this.#living.add(session);
    void session.closed.then(() => {
      this.#living.delete(session);
      if (this.#current.get(key) === session) this.#current.delete(key);
    });
    return session;
  }

  /** The warm session, if there is one. */
  warm(endpoint: Endpoint): Ssh2Session | undefined {
    const session = this.#current.get(wayTo(endpoint));
    return session?.state === 'ready' && session.accepts(endpoint) ? session : undefined;
  }

  /** Opens the bytes to a host: directly, or through the last of its jumps. */
  async route(target: ScanTarget, signal: AbortSignal): Promise<Duplex> {
    const jumps = target.jumps ?? [];
    const last = jumps.at(-1);
    if (last === undefined) return await dialTcp(target, this.#settings.dialMs, signal);
    const session = this.acquire({ ...last, jumps: jumps.slice(0, -1) });
    const release = session.lease();
    try {
      await abortable(session.opened, signal);
      const asked = session.forward(target.host, target.port);
      asked.then((stream) => stream.once('close', release), release);
      signal.addEventListener(
        'abort',
        () =>
          void asked.then(
            (stream) => stream.destroy(),
            () => undefined,
          ),
        { once: true },
      );
      return await abortable(asked, signal);
    } catch (error) {
      release();
      throw throughJump(error, last);
    }
  }

  /** Ends every session and waits until no socket is left. */
  async close(): Promise<void> {
    this.#closed = true;
    const living = [...this.#living];
    for (const session of living) session.end();
    await Promise.all(living.map((session) => session.closed));
  }
}

/** Sessions are shared only where everything that decides who we are and where we arrive is the same. */
function wayTo(endpoint: Endpoint): string {
  const hops = [...endpoint.jumps, endpoint];
  return JSON.stringify(hops.map((hop) => [hop.user, hop.host, hop.port, hop.identities, hop.agentSocket]));
}

const refusedByJump = [
  [/refused/iu, 'refused'],
  [/timed out/iu, 'timeout'],
  [/name or service|resolve/iu, 'dns'],
] as const;

/** A failure on the way is told of the jump host where it happened there, of the node where the jump could not reach it. */
function throughJump(error: unknown, jump: Endpoint): unknown {
  const via = `jump ${jump.user}@${jump.host} port ${String(jump.port)}`;
  // The key that a jump host shows says nothing of the node.
  if (error instanceof TransportFailure)
    return new TransportFailure(error.causeClass, `${via}: ${error.message}`, false);
  const text = error instanceof Error ? error.message : String(error);
  const cause = refusedByJump.find(([pattern]) => pattern.test(text))?.[1] ?? 'unreachable';
  return new TransportFailure(cause, `${via}: ${text}`, false);
}
