import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { accessSync, closeSync, constants, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';

/** A server program under test: its words are kept, it ends with the test, and a test may kill or freeze it. */
export interface ServerProcess {
  readonly pid: number;
  /** What it wrote to standard output so far. */
  stdout(): string;
  /** The last lines of its log, for messages and for tests that look for a complaint. */
  log(lines?: number): string;
  running(): boolean;
  signal(name: NodeJS.Signals): void;
  /** Asks it to end, insists after the grace time, and returns when it is gone. */
  end(graceMs?: number): Promise<void>;
  /** What kill -9 does: no chance to tidy up. */
  kill9(): Promise<void>;
}

export interface StartProcessOptions {
  readonly program: string;
  readonly args: readonly string[];
  /** Standard error goes here, appended, so that a restart keeps the story of the run before. */
  readonly logFile: string;
  readonly env?: Readonly<Record<string, string>>;
}

const SETPRIV = '/usr/bin/setpriv';

// Where the kernel can do it, a server dies with the test process even when that one is killed without a word.
function bindToThisProcess(program: string, args: readonly string[]): readonly [string, readonly string[]] {
  try {
    accessSync(SETPRIV, constants.X_OK);
    return [SETPRIV, ['--pdeathsig', 'KILL', program, ...args]];
  } catch {
    return [program, args];
  }
}

// The caller's own Go, Kubernetes and proxy settings must not change what is tested.
function cleanEnv(extra: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    HOME: process.env['HOME'] ?? '/',
    TZ: 'UTC',
    ...extra,
  };
}

/** Starts a server; it is not ready yet when this returns. */
export async function startProcess(options: StartProcessOptions): Promise<ServerProcess> {
  const log = openSync(options.logFile, 'a', 0o600);
  const [program, args] = bindToThisProcess(options.program, options.args);
  const child = spawn(program, args, { env: cleanEnv(options.env ?? {}), stdio: ['ignore', 'pipe', log] });
  closeSync(log);
  let stdout = '';
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  const gone = once(child, 'exit');
  const endWithUs = (): void => void child.kill('SIGKILL');
  process.once('exit', endWithUs);
  child.once('exit', () => process.off('exit', endWithUs));
  await once(child, 'spawn');

  const running = (): boolean => child.exitCode === null && child.signalCode === null;
  const kill9 = async (): Promise<void> => {
    if (running()) child.kill('SIGKILL');
    await gone;
  };
  return {
    pid: pidOf(child),
    stdout: () => stdout,
    log: (lines = 25) => readFileSync(options.logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n'),
    running,
    signal: (name) => void child.kill(name),
    kill9,
    end: async (graceMs = 15_000) => {
      if (running()) {
        child.kill('SIGTERM');
        child.kill('SIGCONT');
      }
      const insist = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await gone;
      clearTimeout(insist);
    },
  };
}

function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error(`servers: ${child.spawnfile} has no pid although it started`);
  return child.pid;
}

/** Polls until the condition gives a value; a server that ended meanwhile is an error with its last words. */
export async function untilReady<T>(
  what: string,
  server: ServerProcess,
  probe: () => Promise<T | undefined>,
  deadlineMs = 90_000,
): Promise<T> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined) return value;
    if (!server.running()) throw new Error(`servers: ${what} ended before it was ready:\n${server.log()}`);
    if (performance.now() > end)
      throw new Error(`servers: ${what} was not ready after ${deadlineMs} ms:\n${server.log()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const handedOut = new Set<number>();

/**
 * A loopback port that nobody listens on. It lies below the range from which the kernel takes the ports of outgoing
 * connections, so that a server that was killed finds its port free again when it restarts.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 200; tries += 1) {
    const port = 16_000 + Math.floor(Math.random() * 16_000);
    if (handedOut.has(port) || !(await canListen(port))) continue;
    handedOut.add(port);
    return port;
  }
  throw new Error('servers: found no free loopback port in 200 tries');
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
