import type { Duplex } from 'node:stream';
import type { ClientChannel } from 'ssh2';
import { Output } from './output.ts';
import { TransportFailure } from './transport.ts';

export interface ListenOptions {
  readonly maxOutputBytes: number;
  readonly closeGraceMs: number;
  /** The reason why the connection ended, once it has. */
  readonly lostBecause: () => string | undefined;
}

export interface FeedOptions {
  readonly stdin: Buffer;
  readonly stallMs: number;
  /** True where more will be written later. */
  readonly keepOpen?: boolean;
  /** What the channel's bytes travel on: shows whether they leave. */
  readonly stream: Duplex;
}

export interface RunResult {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly stdout: Buffer;
  readonly stderr: string;
}

const chunkBytes = 65_536;

type Ending = Pick<RunResult, 'exitCode' | 'signal'>;

/** A command that runs, with everything it says being collected. */
export interface Started {
  readonly channel: ClientChannel;
  readonly output: Output;
  readonly ended: Promise<Ending>;
}

/**
 * Listens to a command; to be called in the very callback that hands its channel over,
 * because exit status and output may come in the same packet and are not told twice.
 */
export function listenTo(channel: ClientChannel, options: ListenOptions): Started {
  const output = new Output(options.maxOutputBytes);
  const ended = endOf(channel, output, options);
  ended.catch(() => undefined);
  return { channel, output, ended };
}

/**
 * Feeds stdin to a started command and waits for the end of its channel.
 * @throws TransportFailure; the channel is then abandoned and its session must not be used again.
 */
export async function runToEnd(
  { channel, output, ended }: Started,
  options: FeedOptions,
): Promise<RunResult> {
  const stall = watchStall(channel, options);
  try {
    const ending = await Promise.race([ended, stall.stalled]);
    return { ...ending, stdout: output.stdout, stderr: output.stderr };
  } finally {
    stall.stop();
  }
}

/** Settles on `close`, or a grace after `exit`; `close` without `exit` is an unknown outcome, never success. */
function endOf(channel: ClientChannel, output: Output, options: ListenOptions): Promise<Ending> {
  const { promise, resolve, reject } = Promise.withResolvers<Ending>();
  const { maxOutputBytes, closeGraceMs, lostBecause } = options;
  let ending: Ending = { exitCode: undefined, signal: undefined };
  let grace: NodeJS.Timeout | undefined;
  // Both streams must be consumed, else `close` never comes.
  channel.on('data', (chunk: Buffer) => {
    if (output.takeStdout(chunk)) return;
    const evidence = `more than ${String(maxOutputBytes)} bytes of output`;
    reject(new TransportFailure('no_receipt', evidence, true, { started: true }));
  });
  channel.stderr.on('data', (chunk: Buffer) => {
    output.takeStderr(chunk);
  });
  channel.on('exit', (code: number | null, signal?: string) => {
    ending = { exitCode: code ?? undefined, signal };
    grace = setTimeout(() => {
      channel.close();
      resolve(ending);
    }, closeGraceMs);
  });
  channel.on('close', () => {
    clearTimeout(grace);
    const lost = lostBecause();
    // Output may be missing even where an exit status came through before the connection broke.
    if (lost === undefined) resolve(ending);
    else reject(new TransportFailure('connection_lost', lost, true, { started: true }));
  });
  channel.on('error', () => undefined);
  return promise;
}

/** Writes stdin in pieces and rejects when neither the channel nor the connection takes any for a while. */
export function watchStall(
  channel: ClientChannel,
  { stdin, stallMs, stream, keepOpen }: FeedOptions,
): { stalled: Promise<never>; stop(): void } {
  const { promise, reject } = Promise.withResolvers<never>();
  let written = 0;
  let stopped = false;
  const next = (): void => {
    if (stopped) return;
    if (written >= stdin.length) {
      if (keepOpen !== true) channel.end();
      return;
    }
    const piece = stdin.subarray(written, written + chunkBytes);
    // The callback never comes once the remote side has closed; then the end of the channel decides.
    channel.write(piece, () => {
      written += piece.length;
      next();
    });
  };
  const left = (): number => stdin.length - written + stream.writableLength;
  next();
  let seen = left();
  const timer = setInterval(() => {
    const waiting = left();
    if (waiting === 0) clearInterval(timer);
    else if (waiting === seen) reject(stalledFailure(written, stdin.length, stallMs));
    seen = waiting;
  }, stallMs);
  return {
    stalled: promise,
    stop: () => {
      stopped = true;
      clearInterval(timer);
    },
  };
}

function stalledFailure(written: number, length: number, stallMs: number): TransportFailure {
  const evidence = `${String(written)} of ${String(length)} bytes taken, then none for ${String(stallMs)} ms`;
  return new TransportFailure('stalled_write', evidence, true, { started: true });
}
