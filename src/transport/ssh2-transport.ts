import { systemClock } from '../lib/clock.ts';
import type { Clock } from '../lib/clock.ts';
import { assertSafe } from './address.ts';
import { Deadline } from './deadline.ts';
import { onNewConnection } from './fresh.ts';
import { Logins } from './logins.ts';
import { commandFor } from './programs.ts';
import { scanHostKeys } from './scan.ts';
import { defaultTransportSettings } from './settings.ts';
import type { TransportSettings } from './settings.ts';
import { Ssh2Pool } from './ssh2-pool.ts';
import { runToEnd } from './ssh2-run.ts';
import type { RunResult, Started } from './ssh2-run.ts';
import { discard, isRefusedChannel } from './ssh2-channel.ts';
import { Residents } from './ssh2-residents.ts';
import type { Ssh2Session } from './ssh2-session.ts';
import type { Endpoint, Exchange, ExchangeResult, Transport } from './transport.ts';
import { TransportFailure } from './transport.ts';

export interface Ssh2TransportOptions {
  readonly settings?: Partial<TransportSettings>;
  readonly clock?: Clock;
  /** What is known of the hosts' patience; shared with the connections that are opened for one exchange. */
  readonly logins?: Logins;
}

/** The default way to nodes: one warm ssh2 session per host, the host key pinned, a deadline on every phase. */
export function createSsh2Transport(options: Ssh2TransportOptions = {}): Transport {
  const settings = { ...defaultTransportSettings, ...options.settings };
  const clock = options.clock ?? systemClock;
  const logins = options.logins ?? new Logins(settings, clock);
  const pool = new Ssh2Pool({ settings, clock, logins });
  const residents = new Residents(settings);
  return {
    exchange: async (endpoint, exchange, signal) => {
      signal.throwIfAborted();
      if (exchange.fresh === true)
        return await onNewConnection(
          createSsh2Transport({ ...options, logins }),
          { endpoint, exchange },
          signal,
        );
      assertSafe(endpoint);
      using deadline = new Deadline(exchange.deadlineMs, signal);
      const endMs = clock.monotonic() + exchange.deadlineMs;
      return await runExchange({
        ...{ pool, residents, logins, settings, clock, endpoint, exchange, deadline },
        leftMs: () => endMs - clock.monotonic(),
      });
    },
    isWarm: (endpoint) => pool.warm(endpoint) !== undefined,
    sessionCount: () => pool.size,
    scan: (target, deadlineMs) => scanHostKeys(target, (to, signal) => pool.route(to, signal), deadlineMs),
    close: () => pool.close(),
  };
}

interface Run {
  readonly pool: Ssh2Pool;
  readonly residents: Residents;
  readonly logins: Logins;
  readonly settings: TransportSettings;
  readonly clock: Clock;
  readonly endpoint: Endpoint;
  readonly exchange: Exchange;
  readonly deadline: Deadline;
  readonly leftMs: () => number;
}

/**
 * Before the first payload byte a warm session that turns out dead is replaced once, and a host that closes before its banner is
 * asked again after a while; after it nothing is repeated.
 */
async function runExchange(run: Run): Promise<ExchangeResult> {
  const session = acquire(run);
  const warm = session.state === 'ready';
  try {
    return await onSession(run, session, warm);
  } catch (error) {
    if (run.deadline.started || run.deadline.signal.aborted) throw error;
    if (isDropped(error, session) && run.logins.again(run.endpoint, run.leftMs()))
      return await runExchange(run);
    const wedged = warm && run.pool.warm(run.endpoint) !== session;
    if (!wedged) throw error;
    return await onSession(run, acquire(run), false);
  }
}

/** A session, or the reason why waiting for one would take too long. */
function acquire({ pool, logins, endpoint, exchange, leftMs }: Run): Ssh2Session {
  const tooLate = pool.usable(endpoint) === undefined ? logins.tooLate(endpoint, leftMs()) : undefined;
  if (tooLate !== undefined) throw tooLate;
  return pool.acquire(endpoint, exchange.insist);
}

/** The host, or one before it, closed before its banner. */
function isDropped(error: unknown, session: Ssh2Session): boolean {
  return (
    error instanceof TransportFailure && error.causeClass === 'throttled' && session.hostKey === undefined
  );
}

async function onSession(run: Run, session: Ssh2Session, warm: boolean): Promise<ExchangeResult> {
  const { deadline, settings, clock } = run;
  const release = session.lease();
  try {
    deadline.phase = () =>
      session.phase === 'dial' && run.logins.isWaiting(run.endpoint) ? 'turn' : session.phase;
    await deadline.wait(session.opened);
    deadline.phase = () => 'channel';
    const start = clock.monotonic();
    const limitMs = warm ? settings.warmChannelMs : settings.channelMs;
    const result =
      (await run.residents.exchange(run, session, limitMs)) ?? (await onOwnChannel(run, session, limitMs));
    const { dialMs, authMs } = warm ? { dialMs: 0, authMs: 0 } : session.times;
    const phases = { dialMs, authMs, execMs: clock.monotonic() - start };
    return { ...result, hostKey: session.hostKey, phases };
  } finally {
    release();
  }
}

async function onOwnChannel(run: Run, session: Ssh2Session, limitMs: number): Promise<RunResult> {
  const command = await startCommand(run, session, limitMs);
  try {
    return await endCommand(run, session, command);
  } finally {
    session.gate.leave();
  }
}

/** Starts the command, inside the gate. A host that refuses one more channel beside others gets fewer from now on. */
async function startCommand(run: Run, session: Ssh2Session, limitMs: number): Promise<Started> {
  const { deadline, exchange, endpoint, settings } = run;
  const { maxOutputBytes } = exchange;
  const listen = { maxOutputBytes, closeGraceMs: settings.closeGraceMs, lostBecause: () => session.lost };
  for (;;) {
    await session.gate.enter(deadline.signal);
    const asked = session.exec(commandFor(exchange.program, endpoint.user), { ...listen, limitMs });
    try {
      return await deadline.wait(asked);
    } catch (error) {
      if (deadline.signal.aborted) void giveUp(asked);
      const beside = session.gate.inside - 1;
      session.gate.leave();
      if (!isRefusedChannel(error)) throw error;
      if (beside === 0) throw new TransportFailure('throttled', error.message, true);
      session.gate.narrowTo(beside);
    }
  }
}

async function endCommand(run: Run, session: Ssh2Session, command: Started): Promise<RunResult> {
  const { deadline, exchange, settings } = run;
  const { stream } = session;
  if (stream === undefined) throw new TransportFailure('internal', 'a ready session without a stream', true);
  deadline.phase = () => 'exec';
  deadline.started = true;
  try {
    return await deadline.wait(
      runToEnd(command, { stdin: exchange.stdin, stallMs: settings.stallMs, stream }),
    );
  } catch (error) {
    // The command on the other side cannot be killed; its channel is given up, and the session with it.
    command.channel.close();
    session.retire();
    throw error;
  }
}

/** A command that starts when nobody waits for it any more gets no input and ends by itself. */
async function giveUp(asked: Promise<Started>): Promise<void> {
  const started = await asked.catch(() => undefined);
  if (started !== undefined) discard(started.channel);
}
