import type { Duplex } from 'node:stream';
import type { Clock } from '../lib/clock.ts';
import { abortable } from './deadline.ts';
import { dialTcp } from './dial.ts';
import { KeyRing } from './identities.ts';
import type { LoginVisit } from './login-visit.ts';
import type { Logins } from './logins.ts';
import { Renewal } from './renewal.ts';
import type { TransportSettings } from './settings.ts';
import { Ssh2Session } from './ssh2-session.ts';
import type { Endpoint, ScanTarget } from './transport.ts';
import { TransportFailure } from './transport.ts';

export interface Ssh2PoolParts {
  readonly settings: TransportSettings;
  readonly clock: Clock;
  readonly logins: Logins;
}

/** The sessions that live, at most one in use per way to a host; a jump host's session is shared by all behind it. */
export class Ssh2Pool {
  readonly #settings: TransportSettings;
  readonly #clock: Clock;
  readonly #logins: Logins;
  readonly #renewal: Renewal<Ssh2Session>;
  readonly #current = new Map<string, Ssh2Session>();
  readonly #living = new Set<Ssh2Session>();
  readonly #keys = new KeyRing();
  #closed = false;

  constructor({ settings, clock, logins }: Ssh2PoolParts) {
    this.#settings = settings;
    this.#clock = clock;
    this.#logins = logins;
    this.#renewal = new Renewal(settings.maxAgeMs, clock);
  }

  /** Sessions that live, in use or ending. */
  get size(): number {
    return this.#living.size;
  }

  /** The session to use now: the warm one, the one being opened, or a new one. `insist`: a person asks for it. */
  acquire(endpoint: Endpoint, insist = false): Ssh2Session {
    if (this.#closed) throw new TransportFailure('internal', 'the transport is closed', false);
    const key = wayTo(endpoint);
    const present = this.usable(endpoint);
    if (present === undefined) {
      this.#current.get(key)?.retire();
      return this.#use(key, this.#open(endpoint, insist));
    }
    if (present.state === 'ready')
      this.#renewal.consider({
        present,
        stamp: this.#logins.credentials.recent(endpoint.identities),
        open: () => this.#open(endpoint, insist),
        takeOver: (next) => this.#use(key, next),
      });
    return present;
  }

  /** The session that new work may go to without another login. */
  usable(endpoint: Endpoint): Ssh2Session | undefined {
    const session = this.#current.get(wayTo(endpoint));
    return session?.accepts(endpoint) === true ? session : undefined;
  }

  /** The warm session, if there is one. */
  warm(endpoint: Endpoint): Ssh2Session | undefined {
    const session = this.usable(endpoint);
    return session?.state === 'ready' ? session : undefined;
  }

  /** Opens the bytes to a host: directly, or through the last of its jumps. A login waits for its turn there. */
  async route(target: ScanTarget, signal: AbortSignal, how: Passage = {}): Promise<Duplex> {
    const jumps = target.jumps ?? [];
    const last = jumps.at(-1);
    if (last === undefined) {
      await how.visit?.enter(signal);
      return await dialTcp(target, this.#settings.dialMs, signal);
    }
    const jump = { ...last, jumps: jumps.slice(0, -1) };
    const session = await this.#alive(jump, signal, how.insist ?? false);
    try {
      await how.visit?.enter(signal);
    } catch (error) {
      session.release();
      throw error;
    }
    return await this.#forward(target, { jump, ...session }, signal);
  }

  /** Ends every session and waits until no socket is left. */
  async close(): Promise<void> {
    this.#closed = true;
    const living = [...this.#living];
    for (const session of living) session.end();
    await Promise.all(living.map((session) => session.closed));
  }

  /** A jump host's session that answers, leased: one that died in silence is found out here, not by each node behind it. */
  async #alive(jump: Endpoint, signal: AbortSignal, insist: boolean): Promise<Leased> {
    for (;;) {
      const session = this.acquire(jump, insist);
      const warm = session.state === 'ready';
      const release = session.lease();
      try {
        await abortable(session.opened, signal);
        if (warm) await abortable(session.ping(this.#settings.warmChannelMs), signal);
        return { session, release };
      } catch (error) {
        release();
        if (!warm || signal.aborted || this.warm(jump) === session) throw throughJump(error, jump);
      }
    }
  }

  async #forward(target: ScanTarget, via: Leased & { jump: Endpoint }, signal: AbortSignal): Promise<Duplex> {
    const { session, release, jump } = via;
    try {
      const asked = session.forward(target.host, target.port, this.#settings.dialMs);
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
      throw throughJump(error, jump);
    }
  }

  #use(key: string, session: Ssh2Session): Ssh2Session {
    this.#current.set(key, session);
    void session.closed.then(() => {
      if (this.#current.get(key) === session) this.#current.delete(key);
    });
    return session;
  }

  #open(endpoint: Endpoint, insist: boolean): Ssh2Session {
    const visit = this.#logins.visit(endpoint, insist);
    const session: Ssh2Session = new Ssh2Session({
      endpoint,
      settings: this.#settings,
      clock: this.#clock,
      visit,
      identities: async () => {
        const stamp = await this.#logins.credentials.ofFiles(endpoint.identities);
        this.#renewal.born(session, stamp);
        return this.#keys.load(endpoint.identities, stamp);
      },
      route: (signal) => this.route(endpoint, signal, { visit, insist }),
    });
    this.#living.add(session);
    void session.closed.then(() => {
      this.#living.delete(session);
    });
    return session;
  }
}

interface Leased {
  readonly session: Ssh2Session;
  readonly release: () => void;
}

/** How a login comes through: hosts that are only asked for their keys are not logged in to. */
interface Passage {
  readonly visit?: LoginVisit;
  readonly insist?: boolean;
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
