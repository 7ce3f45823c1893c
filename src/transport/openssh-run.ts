import type { Clock } from '../lib/clock.ts';
import { runChild } from './child-run.ts';
import { limited, type Deadline } from './deadline.ts';
import type { Logins } from './logins.ts';
import { commandArgs } from './openssh-argv.ts';
import { channelRefused, neverStarted } from './openssh-classify.ts';
import type { OpensshPool } from './openssh-pool.ts';
import type { OpensshSession } from './openssh-session.ts';
import { commandFor } from './programs.ts';
import type { TransportSettings } from './settings.ts';
import type { RunResult } from './ssh2-run.ts';
import type { Endpoint, Exchange, ExchangeResult } from './transport.ts';
import { TransportFailure } from './transport.ts';

/** One exchange over the `ssh` program. */
export interface OpensshRun {
  readonly pool: OpensshPool;
  readonly settings: TransportSettings;
  readonly clock: Clock;
  readonly endpoint: Endpoint;
  readonly exchange: Exchange;
  readonly deadline: Deadline;
  readonly logins: Logins;
  readonly leftMs: () => number;
}

/** A session that proves dead before the first payload byte is replaced once, as with ssh2. */
export async function runExchange(run: OpensshRun): Promise<ExchangeResult> {
  const { deadline, endpoint, logins } = run;
  const session = await acquire(run);
  const warm = session.state === 'ready';
  let first: ExchangeResult | 'dead';
  try {
    first = await onSession(run, session, warm);
  } catch (error) {
    if (deadline.started || deadline.signal.aborted || !isDropped(error)) throw error;
    if (!logins.again(endpoint, run.leftMs())) throw error;
    return await runExchange(run);
  }
  if (first !== 'dead') return first;
  const second = warm ? await onSession(run, await acquire(run), false) : first;
  if (second !== 'dead') return second;
  throw new TransportFailure(
    'connection_lost',
    session.talk === '' ? 'the session takes no command' : session.talk,
    true,
  );
}

/** A session, or the reason why waiting for one would take too long. */
async function acquire({
  pool,
  logins,
  endpoint,
  exchange,
  deadline,
  leftMs,
}: OpensshRun): Promise<OpensshSession> {
  const tooLate = pool.usable(endpoint) === undefined ? logins.tooLate(endpoint, leftMs()) : undefined;
  if (tooLate !== undefined) throw tooLate;
  return await deadline.wait(pool.acquire(endpoint, exchange.insist));
}

function isDropped(error: unknown): boolean {
  return error instanceof TransportFailure && error.causeClass === 'throttled';
}

async function onSession(
  run: OpensshRun,
  session: OpensshSession,
  warm: boolean,
): Promise<ExchangeResult | 'dead'> {
  const { deadline } = run;
  const release = session.leases.take();
  try {
    deadline.phase = () => (session.isWaiting && run.logins.isWaiting(run.endpoint) ? 'turn' : 'dial');
    await deadline.wait(session.opened);
    for (;;) {
      deadline.phase = () => 'channel';
      await session.gate.enter(deadline.signal);
      const beside = session.gate.inside - 1;
      const result = await onCommand(run, session, warm).finally(() => {
        session.gate.leave();
      });
      if (result !== 'refused') return result;
      if (beside === 0) throw new TransportFailure('throttled', 'the host opens no channel', true);
      session.gate.narrowTo(beside);
    }
  } finally {
    release();
  }
}

async function onCommand(
  run: OpensshRun,
  session: OpensshSession,
  warm: boolean,
): Promise<ExchangeResult | 'dead' | 'refused'> {
  const start = run.clock.monotonic();
  run.deadline.phase = () => 'exec';
  run.deadline.started = true;
  try {
    const ended = await runCommand(run, session);
    const verdict = ended.exitCode === 255 ? await ofSsh(ended, session, run.settings) : ended;
    if (verdict === 'dead') session.retire();
    if (verdict === 'dead' || verdict === 'refused') return verdict;
    const phases = { dialMs: warm ? 0 : session.openMs, authMs: 0, execMs: run.clock.monotonic() - start };
    return { ...verdict, hostKey: undefined, phases };
  } catch (error) {
    session.retire();
    throw error;
  }
}

async function runCommand(
  { pool, endpoint, exchange, deadline, settings }: OpensshRun,
  session: OpensshSession,
): Promise<RunResult> {
  return await runChild({
    file: 'ssh',
    args: commandArgs(endpoint, commandFor(exchange.program, endpoint.user), session.options),
    env: session.options.env,
    stdin: exchange.stdin,
    maxOutputBytes: exchange.maxOutputBytes,
    settings,
    signal: AbortSignal.any([deadline.signal, pool.closing]),
  });
}

/** 255 is ssh's own word: the session died, never began, or the command ended without an exit status. */
async function ofSsh(
  ended: RunResult,
  session: OpensshSession,
  { closeGraceMs }: Pick<TransportSettings, 'closeGraceMs'>,
): Promise<RunResult | 'dead' | 'refused'> {
  if (channelRefused(ended.stderr)) return 'refused';
  if (neverStarted(ended.stderr) && ended.stdout.length === 0) return 'dead';
  // Where the connection broke, the command's own `ssh` may end a moment before that of the session.
  await limited(session.closed, closeGraceMs, () => new Error('it lives')).catch(() => undefined);
  const { talk, state } = session;
  if (state !== 'closed' && talk === '' && !/connection to .* closed|broken pipe/iu.test(ended.stderr)) {
    return { ...ended, exitCode: undefined };
  }
  const said = talk === '' ? ended.stderr : talk;
  throw new TransportFailure('connection_lost', said === '' ? 'the session ended' : said, true, {
    started: true,
  });
}
