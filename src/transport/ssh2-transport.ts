import type { ClientChannel } from 'ssh2';
import { systemClock } from '../lib/clock.ts';
import type { Clock } from '../lib/clock.ts';
import { assertSafe } from './address.ts';
import { Deadline } from './deadline.ts';
import { commandFor } from './programs.ts';
import { scanHostKeys } from './scan.ts';
import { defaultTransportSettings } from './settings.ts';
import type { TransportSettings } from './settings.ts';
import { Ssh2Pool } from './ssh2-pool.ts';
import { runToEnd } from './ssh2-run.ts';
import { discard, isRefusedChannel } from './ssh2-session.ts';
import type { Ssh2Session } from './ssh2-session.ts';
import type { Endpoint, Exchange, ExchangeResult, Transport } from './transport.ts';
import { TransportFailure } from './transport.ts';

export interface Ssh2TransportOptions {
  readonly settings?: Partial<TransportSettings>;
  readonly clock?: Clock;
}

/** The default way to nodes: one warm ssh2 session per host, the host key pinned, a deadline on every phase. */
export function createSsh2Transport(options: Ssh2TransportOptions = {}): Transport {
  const settings = { ...defaultTransportSettings, ...options.settings };
  const clock = options.clock ?? systemClock;
  const pool = new Ssh2Pool(settings, clock);
  return {
    exchange: async (endpoint, exchange, signal) => {
      signal.throwIfAborted();
      assertSafe(endpoint);
      using deadline = new Deadline(exchange.deadlineMs, signal);
      return await runExchange({ pool, settings, clock, endpoint, exchange, deadline });
    },
    isWarm: (endpoint) => pool.warm(endpoint) !== undefined,
    scan: (target, deadlineMs) => scanHostKeys(target, (to, signal) => pool.route(to, signal), deadlineMs),
    close: () => pool.close(),
  };
}

interface Run {
  readonly pool: Ssh2Pool;
  readonly settings: TransportSettings;
  readonly clock: Clock;
  readonly endpoint: Endpoint;
  readonly exchange: Exchange;
  readonly deadline: Deadline;
}

/** Before the first payload byte a warm session that turns out dead is replaced once; after it nothing is repeated. */
async function runExchange(run: Run): Promise<ExchangeResult> {
  const session = run.pool.acquire(run.endpoint);
  const warm = session.state === 'ready';
  try {
    return await onSession(run, session, warm);
  } catch (error) {
    const wedged = warm && !run.deadline.started && run.pool.warm(run.endpoint) !== session;
    if (!wedged || run.deadline.signal.aborted) throw error;
    return await onSession(run, run.pool.acquire(run.endpoint), false);
  }
}

async function onSession(run: Run, session: Ssh2Session, warm: boolean): Promise<ExchangeResult> {
  const { deadline, settings } = run;
  const release = session.lease();
  try {
    deadline.phase = () => session.phase;
    await deadline.wait(session.opened);
    deadline.phase = () => 'channel';
    const channel = await openChannel(run, session, warm ? settings.warmChannelMs : settings.channelMs);
    try {
      return await onChannel(run, { session, channel, warm });
    } finally {
      session.gate.leave();
    }
  } finally {
    release();
  }
}

interface OpenChannel {
  readonly session: Ssh2Session;
  readonly channel: ClientChannel;
  readonly warm: boolean;
}

async function onChannel(run: Run, { session, channel, warm }: OpenChannel): Promise<ExchangeResult> {
  const { deadline, clock, exchange, settings } = run;
  const { stream } = session;
  if (stream === undefined) throw new TransportFailure('internal', 'a ready session without a stream', true);
  const start = clock.monotonic();
  deadline.phase = () => 'exec';
  deadline.started = true;
  const { stdin, maxOutputBytes } = exchange;
  const lostBecause = (): string | undefined => session.lost;
  try {
    const result = await deadline.wait(
      runToEnd(channel, { stdin, maxOutputBytes, settings, stream, lostBecause }),
    );
    const { dialMs, authMs } = warm ? { dialMs: 0, authMs: 0 } : session.times;
    return {
      ...result,
      hostKey: session.hostKey,
      phases: { dialMs, authMs, execMs: clock.monotonic() - start },
    };
  } catch (error) {
    // The command on the other side cannot be killed; its channel is given up, and the session with it.
    channel.close();
    session.retire();
    throw error;
  }
}

/** Starts the command, inside the gate. A host that refuses one more channel beside others gets fewer from now on. */
async function openChannel(
  { deadline, exchange, endpoint }: Run,
  session: Ssh2Session,
  limitMs: number,
): Promise<ClientChannel> {
  for (;;) {
    await session.gate.enter(deadline.signal);
    const asked = session.exec(commandFor(exchange.program, endpoint.user), limitMs);
    try {
      return await deadline.wait(asked);
    } catch (error) {
      if (deadline.signal.aborted) asked.then(discard, () => undefined);
      const beside = session.gate.inside - 1;
      session.gate.leave();
      if (!isRefusedChannel(error)) throw error;
      if (beside === 0) throw new TransportFailure('throttled', error.message, true);
      session.gate.narrowTo(beside);
    }
  }
}
