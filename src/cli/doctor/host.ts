import { lookup, Resolver } from 'node:dns/promises';
import { readdir, readFile, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { execProgram } from '../../lib/exec.ts';

/** How a TCP port answers: by listening, by refusing, or not at all. */
export type PortAnswer = 'open' | 'refused' | 'silent' | 'no route';

export interface FileFacts {
  readonly mode: number;
  readonly uid: number;
  readonly isSocket: boolean;
}

/** What doctor sees of this machine and its surroundings; tests put their own in its place. */
export interface Host {
  /** Undefined where the program does not exist or does not end. */
  exec(
    file: string,
    args: readonly string[],
    signal: AbortSignal,
  ): Promise<{ readonly code: number; readonly stdout: string } | undefined>;
  read(path: string): Promise<string | undefined>;
  list(folder: string): Promise<readonly string[]>;
  stat(path: string): Promise<FileFacts | undefined>;
  connect(host: string, port: number, timeoutMs: number): Promise<PortAnswer>;
  /** Public addresses of a name; empty where it has none. Rejects where the resolver does not answer. */
  resolve(name: string): Promise<readonly string[]>;
}

const execMs = 5_000;

/** The real machine. */
export const thisHost: Host = {
  exec: async (file, args, signal) => {
    try {
      const { code, stdout } = await execProgram(file, args, {
        deadlineMs: execMs,
        signal,
        env: { ...process.env, LC_ALL: 'C' },
      });
      return { code: code ?? 1, stdout: stdout.toString('utf8') };
    } catch {
      return undefined;
    }
  },
  read: (path) => readFile(path, 'utf8').catch(() => undefined),
  list: (folder) => readdir(folder).catch(() => []),
  stat: async (path) => {
    const found = await stat(path).catch(() => undefined);
    return found === undefined
      ? undefined
      : { mode: found.mode & 0o7777, uid: found.uid, isSocket: found.isSocket() };
  },
  connect: connectTo,
  resolve: resolveName,
};

async function connectTo(host: string, port: number, timeoutMs: number): Promise<PortAnswer> {
  const { promise, resolve } = Promise.withResolvers<PortAnswer>();
  const wire = connect({ host, port, timeout: timeoutMs });
  wire.once('connect', () => resolve('open'));
  wire.once('timeout', () => resolve('silent'));
  wire.once('error', (error: NodeJS.ErrnoException) => {
    const noRoute = error.code === 'EHOSTUNREACH' || error.code === 'ENETUNREACH';
    resolve(error.code === 'ECONNREFUSED' ? 'refused' : noRoute ? 'no route' : 'silent');
  });
  return promise.finally(() => wire.destroy());
}

const absent = new Set(['ENOTFOUND', 'ENODATA']);

/** Asked of the DNS servers, not of /etc/hosts: what the world sees counts. */
async function resolveName(name: string): Promise<readonly string[]> {
  const resolver = new Resolver({ timeout: 3_000, tries: 2 });
  const answers = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
  const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  if (found.length > 0) return found;
  const failure = answers.find(
    (answer) =>
      answer.status === 'rejected' && !absent.has((answer.reason as NodeJS.ErrnoException).code ?? ''),
  );
  // No DNS server may be reachable from here while the system's resolver has a way.
  if (failure !== undefined) return (await lookup(name, { all: true })).map(({ address }) => address);
  return [];
}
