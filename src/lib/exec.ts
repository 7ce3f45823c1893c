import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { messageOf, SyncError } from './errors.ts';

export interface ExecOptions {
  readonly stdin?: string | Uint8Array;
  /** After this the program and everything it started are killed. */
  readonly deadlineMs: number;
  /** Bytes of stdout and of stderr kept, each; more of stdout ends the program. Default 1 MiB. */
  readonly maxOutputBytes?: number;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
  readonly signal?: AbortSignal;
}

export interface ExecResult {
  readonly code: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/**
 * Runs one program to its end, without a shell, with a deadline and bounded output.
 * @throws SyncError `unavailable` where it cannot be started, runs too long or says too much; or the signal's reason.
 */
export async function execProgram(
  file: string,
  args: readonly string[],
  options: ExecOptions,
): Promise<ExecResult> {
  const { signal, maxOutputBytes = 1_048_576 } = options;
  signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<ExecResult>();
  // A group of its own, so that a deadline also ends what the program started.
  const child = spawn(file, args, { ...placeOf(options), stdio: 'pipe', detached: true });
  const stop = (reason: unknown): void => {
    killGroup(child);
    reject(reason instanceof Error ? reason : new Error(messageOf(reason)));
  };
  const fail = (what: string): void => {
    stop(new SyncError('unavailable', `${file}: ${what}`));
  };
  const timer = setTimeout(() => {
    fail(`expected an end within ${String(options.deadlineMs)} ms, still running`);
  }, options.deadlineMs);
  const onAbort = (): void => {
    stop(signal?.reason);
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  const stdout = collect(child.stdout, maxOutputBytes, () => {
    fail(`expected at most ${String(maxOutputBytes)} bytes of output, got more`);
  });
  const stderr = collect(child.stderr, maxOutputBytes, () => undefined);
  child.on('error', (error) => {
    fail(`cannot be started: ${error.message}`);
  });
  child.on('close', (code, killedBy) => {
    resolve({ code: code ?? undefined, signal: killedBy ?? undefined, stdout: stdout(), stderr: stderr() });
  });
  // A program may end without reading its input.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.stdin ?? '');
  return await promise.finally(() => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  });
}

/** Runs a program of the system on this terminal until it ends. @returns its exit code. */
export async function attachProgram(
  file: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<number> {
  const child = spawn(file, args, { stdio: 'inherit', signal });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.once('error', reject).once('close', (code) => {
    resolve(code ?? 1);
  });
  return promise;
}

/** Kills a program that was started as the leader of its own group, with all its children. */
export function killGroup(child: Pick<ChildProcess, 'pid' | 'exitCode' | 'signalCode'>): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Nobody of the group is left.
  }
}

function placeOf({ env, cwd, uid, gid }: ExecOptions): object {
  return {
    ...(env === undefined ? {} : { env }),
    ...(cwd === undefined ? {} : { cwd }),
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  };
}

function collect(stream: NodeJS.ReadableStream, limit: number, onTooMuch: () => void): () => Buffer {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    const room = limit - bytes;
    if (room > 0) chunks.push(chunk.subarray(0, room));
    bytes += chunk.length;
    if (bytes > limit) onTooMuch();
  });
  return () => Buffer.concat(chunks);
}
