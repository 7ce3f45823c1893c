import type { Duplex } from 'node:stream';
import type { Clock } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import { ChannelStream } from './channel-stream.ts';
import { Gate } from './gate.ts';
import { keyLine, isPinned, readPins } from './host-keys.ts';
import type { Identities } from './identities.ts';
import { Keepalive } from './keepalive.ts';
import { Leases } from './leases.ts';
import type { LoginVisit } from './login-visit.ts';
import { lateFailure, limited } from './deadline.ts';
import type { TransportSettings } from './settings.ts';
import { askForChannel, isRefusedChannel } from './ssh2-channel.ts';
import type { Asking } from './ssh2-channel.ts';
import { login } from './ssh2-client.ts';
import type { OpenClient } from './ssh2-client.ts';
import { ResidentChannel } from './ssh2-resident.ts';
import { listenTo } from './ssh2-run.ts';
import type { ListenOptions, Started } from './ssh2-run.ts';
import type { Endpoint } from './transport.ts';
import { TransportFailure } from './transport.ts';

const closedByUs = 'the session was closed by us';

export interface SessionOptions {
  readonly endpoint: Endpoint;
  readonly settings: TransportSettings;
  readonly clock: Clock;
  readonly identities: () => Promise<Identities>;
  /** The login as the host's turn-taking sees it. */
  readonly visit: LoginVisit;
  /** Opens the byte stream to the host: TCP, or a forwarding through the jump before it. */
  readonly route: (signal: AbortSignal) => Promise<Duplex>;
}

/** One connection to one host, from the first dial to the end of its socket; never revived. */
export class Ssh2Session {
  readonly opened: Promise<void>;
  readonly closed: Promise<undefined>;
  readonly gate: Gate;
  readonly #options: SessionOptions;
  readonly #onClosed = Promise.withResolvers<undefined>();
  #state: 'opening' | 'ready' | 'retired' | 'closed' = 'opening';
  #phase: 'dial' | 'handshake' | 'auth' = 'dial';
  /** Ends the way to the login; none once that is over. */
  #cancel: AbortController | undefined;
  #stream: Duplex | undefined;
  #open: OpenClient | undefined;
  #keepalive: Keepalive | undefined;
  #lost: string | undefined;
  readonly #leases: Leases;
  #times = { dialMs: 0, authMs: 0 };

  constructor(options: SessionOptions) {
    this.#options = options;
    this.gate = new Gate(options.settings.maxChannels);
    this.closed = this.#onClosed.promise;
    this.#leases = new Leases({
      idleMs: options.settings.idleMs,
      onUse: () => this.#keepalive?.start(),
      onFree: () => this.#onFree(),
      onIdle: () => {
        this.end();
      },
    });
    this.opened = this.#establish();
    this.opened.then(
      () => {
        options.visit.succeeded();
      },
      (error: unknown) => {
        options.visit.failed(error);
        this.#finish();
      },
    );
  }

  get state(): 'opening' | 'ready' | 'retired' | 'closed' {
    return this.#state;
  }

  get phase(): 'dial' | 'handshake' | 'auth' {
    return this.#phase;
  }

  get times(): { readonly dialMs: number; readonly authMs: number } {
    return this.#times;
  }

  /** The host key proved on this session. */
  get hostKey(): string | undefined {
    return this.#open === undefined ? undefined : keyLine(this.#open.hostKey);
  }

  /** Why the connection ended, once it has. */
  get lost(): string | undefined {
    return this.#lost;
  }

  get stream(): Duplex | undefined {
    return this.#stream;
  }

  /** True while new work may start on it under these pins: a key that is no longer pinned ends the session's use. */
  accepts(endpoint: Endpoint): boolean {
    const opener = this.#options.endpoint;
    if (!endpoint.jumps.every((jump, hop) => samePins(jump, opener.jumps[hop]))) return false;
    if (this.#state === 'opening') return samePins(endpoint, opener);
    return (
      this.#state === 'ready' &&
      this.#open !== undefined &&
      isPinned(this.#open.hostKey, readPins(endpoint.pins))
    );
  }

  /** Keeps the session open until the returned function is called. */
  lease(): () => void {
    return this.#leases.take();
  }

  /** Starts a command. A session that does not even open a channel in time is dead and is destroyed. */
  async exec(command: string, options: ListenOptions & { readonly limitMs: number }): Promise<Started> {
    return await this.#channel({
      limitMs: options.limitMs,
      ask: (client, done) => client.exec(command, done),
      take: (channel) => listenTo(channel, options),
    });
  }

  /** Starts a command that will be asked more than once. */
  async stay(command: string, limitMs: number): Promise<ResidentChannel> {
    return await this.#channel({
      limitMs,
      ask: (client, done) => client.exec(command, done),
      take: (channel) => new ResidentChannel(channel, () => this.#lost),
    });
  }

  /** Proves that the other side still answers; a session where it does not is destroyed. */
  async ping(limitMs: number): Promise<void> {
    try {
      await limited(this.#roundTrip(), limitMs, () => lateFailure('channel', limitMs, false));
    } catch (error) {
      this.destroy();
      throw error;
    }
  }

  /** A byte stream to another host, seen from this one. That the other host keeps silent says nothing of this session. */
  async forward(host: string, port: number, limitMs: number): Promise<Duplex> {
    if (this.#open === undefined || this.#lost !== undefined)
      throw new TransportFailure('connection_lost', this.#lost ?? 'not connected', true);
    return await askForChannel(this.#open.client, {
      limitMs,
      ask: (client, done) => client.forwardOut('127.0.0.1', 0, host, port, done),
      take: (channel) => new ChannelStream(channel),
    });
  }

  /** No new work; work in flight ends in peace, then the connection closes. */
  retire(): void {
    if (this.#state === 'opening' || this.#state === 'ready') this.#state = 'retired';
    this.#leases.settle();
  }

  /** Ends the connection now, whatever is in flight. */
  destroy(): void {
    this.#lost ??= closedByUs;
    if (this.#state !== 'closed') this.#state = 'retired';
    this.#cancel?.abort(new TransportFailure('connection_lost', closedByUs, false));
    this.#stream?.destroy();
  }

  /** Says goodbye; a peer that does not answer it in time is cut off. */
  end(): void {
    if (this.#open === undefined || this.#state === 'closed') {
      this.destroy();
      return;
    }
    this.#state = 'retired';
    this.#lost ??= closedByUs;
    this.#open.client.end();
    const grace = setTimeout(() => {
      this.destroy();
    }, this.#options.settings.endGraceMs);
    void this.closed.then(() => {
      clearTimeout(grace);
    });
  }

  async #establish(): Promise<void> {
    const { endpoint, settings, clock } = this.#options;
    const { signal } = (this.#cancel = new AbortController());
    const identities = await this.#options.identities();
    requireAny(endpoint, identities);
    const start = clock.monotonic();
    const stream = await this.#options.route(signal);
    const connected = clock.monotonic();
    this.#phase = 'handshake';
    this.#stream = stream;
    stream.once('close', () => {
      this.#finish();
    });
    if (signal.aborted) stream.destroy();
    signal.throwIfAborted();
    const onHandshake = (): void => {
      this.#phase = 'auth';
    };
    const open = await login(stream, { endpoint, identities, settings, onHandshake });
    this.#open = open;
    this.#cancel = undefined;
    this.#times = { dialMs: connected - start, authMs: clock.monotonic() - connected };
    open.client.on('error', (error) => {
      this.#lost ??= error.message;
    });
    open.client.on('close', () => {
      this.#finish();
    });
    this.#keepalive = keepaliveOf(open, settings, () => {
      this.#lost ??= 'no sign of life';
      this.destroy();
    });
    if (this.#leases.count > 0) this.#keepalive.start();
    if (this.#state === 'opening') this.#state = 'ready';
  }

  /** Whatever keeps a channel from coming in time means that the session is dead. */
  async #channel<T>(asking: Asking<T>): Promise<T> {
    try {
      if (this.#open === undefined) throw new Error('not connected');
      return await askForChannel(this.#open.client, asking);
    } catch (error) {
      if (isRefusedChannel(error)) throw error;
      this.destroy();
      if (error instanceof TransportFailure) throw error;
      throw new TransportFailure('connection_lost', this.#lost ?? messageOf(error), true);
    }
  }

  #roundTrip(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#open?.client.unforwardIn('', 0, () => {
      resolve(undefined);
    });
    return promise;
  }

  #onFree(): 'keep' | 'gone' {
    this.#keepalive?.stop();
    if (this.#state === 'ready') return 'keep';
    if (this.#state !== 'closed') this.end();
    return 'gone';
  }

  #finish(): void {
    this.#leases.stop();
    this.#keepalive?.stop();
    this.#lost ??= 'the connection ended';
    this.#state = 'closed';
    this.#onClosed.resolve(undefined);
  }
}

/** A request that every server must answer, if only with no; ssh2's own keepalive cannot be stopped between uses. */
function keepaliveOf(open: OpenClient, settings: TransportSettings, onDead: () => void): Keepalive {
  return new Keepalive({
    intervalMs: settings.keepaliveMs,
    count: settings.keepaliveCount,
    ping: (answered) => {
      try {
        open.client.unforwardIn('', 0, answered);
      } catch {
        // Half closed already: the end of the stream decides.
      }
    },
    onDead,
  });
}

function requireAny(endpoint: Endpoint, identities: Identities): void {
  if (identities.usable.length > 0 || endpoint.agentSocket !== undefined) return;
  const looked = endpoint.identities.join(', ');
  const evidence =
    identities.problems[0] ??
    `no private key found${looked === '' ? '' : `, looked for ${looked}`} and no agent`;
  throw new TransportFailure('key_unusable', evidence, false);
}

function samePins(a: Endpoint, b: Endpoint | undefined): boolean {
  return a.pins.map((pin) => pin.key).join('\n') === b?.pins.map((pin) => pin.key).join('\n');
}
