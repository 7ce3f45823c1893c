import { spawn } from 'node:child_process';
import type { CommandResult, RunOptions } from './types.ts';

/** Runs one program to its end and collects what it said; rejects only if it cannot be started. */
export function runProgram(
  argv: readonly string[],
  options: Pick<RunOptions, 'stdin'> & { readonly env?: NodeJS.ProcessEnv; readonly cwd?: string } = {},
): Promise<CommandResult> {
  const [program = '', ...rest] = argv;
  const { promise, resolve, reject } = Promise.withResolvers<CommandResult>();
  const child = spawn(program, rest, { env: options.env ?? process.env, cwd: options.cwd });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  // A program that does not read its input closes the pipe; that is its right.
  child.stdin.on('error', () => undefined);
  child.on('error', reject);
  child.on('close', (code, signal) => {
    resolve({
      code,
      signal,
      stdout: Buffer.concat(stdout).toString(),
      stderr: Buffer.concat(stderr).toString(),
    });
  });
  child.stdin.end(options.stdin ?? '');
  return promise;
}

/** As {@link runProgram}, but anything except exit 0 is an error that carries the program's own words. */
export async function mustRun(argv: readonly string[], stdin = ''): Promise<string> {
  const result = await runProgram(argv, { stdin });
  if (result.code === 0) return result.stdout;
  throw new Error(
    `fleet: ${argv.join(' ')} ended with ${String(result.signal ?? result.code)}: ${result.stderr.trim()}`,
  );
}

/** Polls until the condition holds; the deadline is for broken set-ups, not for timing. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  deadlineMs = 20_000,
): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!(await condition())) {
    if (performance.now() > end)
      throw new Error(`fleet: gave up after ${String(deadlineMs)} ms waiting until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 4));
  }
}
