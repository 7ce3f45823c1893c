import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { killGroup } from '../lib/exec.ts';
import { messageOf } from '../lib/errors.ts';
import { Output } from './output.ts';
import type { TransportSettings } from './settings.ts';
import type { RunResult } from './ssh2-run.ts';
import { TransportFailure } from './transport.ts';

export interface ChildRun {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  readonly stdin: Buffer;
  readonly maxOutputBytes: number;
  readonly settings: Pick<TransportSettings, 'stallMs' | 'closeGraceMs'>;
  readonly signal: AbortSignal;
}

const chunkBytes = 65_536;

/**
 * Runs a program on this machine with bytes on stdin, to its end or the signal's; its whole group dies with it.
 * @throws TransportFailure, or the signal's reason.
 */
export async function runChild(run: ChildRun): Promise<RunResult> {
  run.signal.throwIfAborted();
  const who = {
    ...(run.uid === undefined ? {} : { uid: run.uid }),
    ...(run.gid === undefined ? {} : { gid: run.gid }),
  };
  const child = spawn(run.file, run.args, { ...who, env: run.env, stdio: 'pipe', detached: true });
  const output = new Output(run.maxOutputBytes);
  const { promise, resolve, reject } = Promise.withResolvers<Pick<RunResult, 'exitCode' | 'signal'>>();
  const onAbort = (): void => {
    reject(run.signal.reason as Error);
  };
  run.signal.addEventListener('abort', onAbort, { once: true });
  const stopFeeding = feed(child, run, reject);
  const stopCollecting = collect(child, output, { run, resolve, reject });
  try {
    const ending = await promise;
    return { ...ending, stdout: output.stdout, stderr: output.stderr };
  } catch (error) {
    killGroup(child);
    throw error;
  } finally {
    run.signal.removeEventListener('abort', onAbort);
    stopFeeding();
    stopCollecting();
  }
}

interface Settling {
  readonly run: ChildRun;
  readonly resolve: (ending: Pick<RunResult, 'exitCode' | 'signal'>) => void;
  readonly reject: (error: Error) => void;
}

function collect(
  child: ChildProcessWithoutNullStreams,
  output: Output,
  { run, resolve, reject }: Settling,
): () => void {
  let grace: NodeJS.Timeout | undefined;
  child.stdout.on('data', (chunk: Buffer) => {
    if (output.takeStdout(chunk)) return;
    reject(
      new TransportFailure('no_receipt', `more than ${String(run.maxOutputBytes)} bytes of output`, true, {
        started: true,
      }),
    );
  });
  child.stderr.on('data', (chunk: Buffer) => {
    output.takeStderr(chunk);
  });
  child.on('error', (error) => {
    reject(new TransportFailure('internal', `${run.file}: cannot be started: ${messageOf(error)}`, false));
  });
  const end = (code: number | null, signal: NodeJS.Signals | null): void => {
    resolve({ exitCode: code ?? undefined, signal: signal ?? undefined });
  };
  // A child of it may hold the output open after it has ended.
  child.on('exit', (code, signal) => {
    grace = setTimeout(() => {
      child.stdout.destroy();
      child.stderr.destroy();
      end(code, signal);
    }, run.settings.closeGraceMs);
  });
  child.on('close', end);
  return () => {
    clearTimeout(grace);
  };
}

/** Writes stdin in pieces; the returned function ends the watch over its progress. */
function feed(
  child: ChildProcessWithoutNullStreams,
  { stdin, settings }: ChildRun,
  reject: (error: Error) => void,
): () => void {
  let written = 0;
  let stopped = false;
  const next = (): void => {
    if (stopped) return;
    if (written >= stdin.length) {
      child.stdin.end();
      return;
    }
    const piece = stdin.subarray(written, written + chunkBytes);
    child.stdin.write(piece, (error) => {
      // It ended without reading everything: its exit code tells.
      if (error) return;
      written += piece.length;
      next();
    });
  };
  child.stdin.on('error', () => undefined);
  next();
  let seen = written;
  const timer = setInterval(() => {
    if (written >= stdin.length) clearInterval(timer);
    else if (written === seen) {
      const evidence = `${String(written)} of ${String(stdin.length)} bytes taken, then none for ${String(settings.stallMs)} ms`;
      reject(new TransportFailure('stalled_write', evidence, true, { started: true }));
    }
    seen = written;
  }, settings.stallMs);
  return () => {
    stopped = true;
    clearInterval(timer);
  };
}
