import { spawn, spawnSync } from 'node:child_process';

/** True where a program is installed; tests that need it are skipped elsewhere, and `make packages` installs it. */
export function hasProgram(name: string): boolean {
  const path = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;
  return spawnSync('sh', ['-c', `command -v ${name}`], { env: { PATH: path } }).status === 0;
}

/** A program that runs until the test stops it. */
export interface Running {
  readonly pid: number;
  /** What it has said so far. */
  said(): string;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** Starts a program that stays in the foreground. */
export function startProgram(
  command: readonly string[],
  options: { readonly uid?: number; readonly gid?: number; readonly env?: NodeJS.ProcessEnv } = {},
): Running {
  const child = spawn(command[0] ?? '', command.slice(1), {
    ...options,
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  const hear = (chunk: Buffer): void => {
    said += chunk.toString();
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  child.on('error', (error) => {
    said += error.message;
  });
  const gone = new Promise<void>((resolve) =>
    child.once('close', () => {
      resolve();
    }),
  );
  return {
    pid: child.pid ?? -1,
    said: () => said,
    stop: async (signal = 'SIGKILL') => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      await gone;
    },
  };
}
