import type { Deadline } from './deadline.ts';
import { commandFor } from './programs.ts';
import type { TransportSettings } from './settings.ts';
import { isRefusedChannel } from './ssh2-channel.ts';
import { cannotStay, type ResidentChannel } from './ssh2-resident.ts';
import type { RunResult } from './ssh2-run.ts';
import type { Ssh2Session } from './ssh2-session.ts';
import type { Endpoint, Exchange } from './transport.ts';

interface Run {
  readonly endpoint: Endpoint;
  readonly exchange: Exchange;
  readonly deadline: Deadline;
}

/** `busy` while the first one is being started, `never` where the node's receiver does not know how to stay. */
type Resident = ResidentChannel | 'busy' | 'never';

/** The receivers that stay, at most one per session; they end with it. */
export class Residents {
  readonly #settings: TransportSettings;
  readonly #known = new WeakMap<Ssh2Session, Resident>();

  constructor(settings: TransportSettings) {
    this.#settings = settings;
  }

  /** Runs an exchange on the session's resident receiver. @returns undefined where it needs a channel of its own. */
  async exchange(run: Run, session: Ssh2Session, limitMs: number): Promise<RunResult | undefined> {
    const { exchange, deadline } = run;
    const { whole } = exchange;
    // What an installation replaces must not answer any more.
    if (exchange.program === 'install') this.#drop(session);
    if (!this.#settings.resident || exchange.program !== 'receive' || whole === undefined) return undefined;
    await session.gate.enter(deadline.signal);
    try {
      const channel = await this.#claim(run, session, limitMs);
      if (channel === undefined) return undefined;
      return await this.#ask(run, session, { channel, whole });
    } finally {
      session.gate.leave();
    }
  }

  async #ask(
    { exchange, deadline }: Run,
    session: Ssh2Session,
    { channel, whole }: { channel: ResidentChannel; whole: NonNullable<Exchange['whole']> },
  ): Promise<RunResult | undefined> {
    const { stream } = session;
    if (stream === undefined) return undefined;
    deadline.phase = () => 'exec';
    deadline.started = true;
    try {
      const feed = { stallMs: this.#settings.stallMs, stream };
      const answer = await deadline.wait(channel.ask({ ...exchange, whole }, feed));
      if (answer !== cannotStay) return answer;
      this.#known.set(session, 'never');
      deadline.started = false;
      return undefined;
    } catch (error) {
      // As with every command: the one on the other side cannot be killed, so the session goes.
      channel.close();
      session.retire();
      throw error;
    }
  }

  /** The resident that answers now, or a new one; undefined while somebody else uses it. */
  async #claim(
    { endpoint, deadline }: Run,
    session: Ssh2Session,
    limitMs: number,
  ): Promise<ResidentChannel | undefined> {
    const known = this.#known.get(session);
    if (known === 'busy' || known === 'never') return undefined;
    if (known?.isGone() === false) {
      if (!known.claim()) return undefined;
      // Nothing has been asked of the host yet: a session that died in silence is found out before a payload byte is sent.
      await deadline.wait(session.ping(limitMs));
      if (!known.isGone()) return known;
    }
    this.#known.set(session, 'busy');
    try {
      const channel = await deadline.wait(session.stay(commandFor('receive', endpoint.user), limitMs));
      channel.claim();
      this.#known.set(session, channel);
      return channel;
    } catch (error) {
      this.#known.delete(session);
      // The ordinary way knows what to do with a host that takes no further channel.
      if (isRefusedChannel(error)) return undefined;
      throw error;
    }
  }

  #drop(session: Ssh2Session): void {
    const known = this.#known.get(session);
    if (known !== undefined && known !== 'busy' && known !== 'never') known.close();
    this.#known.delete(session);
  }
}
