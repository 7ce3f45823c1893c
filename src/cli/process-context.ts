import { systemClock } from '../lib/clock.ts';
import { version } from '../lib/version.ts';
import type { CliContext } from './context.ts';

/** What only the composition of the program can give. */
export type ProcessParts = Pick<
  CliContext,
  'openSource' | 'openController' | 'runDaemon' | 'openEnrol' | 'openDoctor' | 'attach'
>;

/** The context of a real process. Parts load only when a command uses them. */
export function processContext(parts: ProcessParts): CliContext {
  const { env, stdout } = process;
  // `syncctl health | head` is no failure.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
  });
  let signal: AbortSignal | undefined;
  return {
    ...parts,
    stdout,
    // The streams of a process are made when they are first read: help writes to one alone.
    get stderr() {
      return process.stderr;
    },
    env,
    uid: process.getuid?.() ?? 0,
    cwd: process.cwd(),
    version,
    clock: systemClock,
    get signal() {
      signal ??= signalOfProcess();
      return signal;
    },
    get ask() {
      const terminal = process.stdin.isTTY && process.stderr.isTTY;
      return terminal && (env['CI'] ?? '') === '' ? ask : undefined;
    },
    input: readInput,
    loadSettings: async (given) => (await import('../config/load.ts')).loadSettings(given),
  };
}

function signalOfProcess(): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort(new Error(name)));
  return stop.signal;
}

async function ask(question: string): Promise<string> {
  const { createInterface } = await import('node:readline/promises');
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await lines.question(question);
  } finally {
    lines.close();
  }
}

/** Standard input to its end, or to the byte after the limit. */
async function readInput(limit: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of process.stdin as AsyncIterable<Buffer>) {
    parts.push(part);
    length += part.length;
    if (length > limit) break;
  }
  return Buffer.concat(parts);
}
