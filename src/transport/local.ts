import { systemClock } from '../lib/clock.ts';
import type { Clock } from '../lib/clock.ts';
import { assertSafe } from './address.ts';
import { runChild } from './child-run.ts';
import { Deadline } from './deadline.ts';
import { defaultTransportSettings } from './settings.ts';
import type { TransportSettings } from './settings.ts';
import type { Endpoint, RemoteProgram, Transport } from './transport.ts';
import { TransportFailure } from './transport.ts';

export interface LocalTransportOptions {
  /** The receiver program that stands in for the one on a node. */
  readonly receiver: string;
  /** The folder that plays a node's root file system; undefined where there is no such node. */
  readonly rootOf: (endpoint: Endpoint) => string | undefined;
  /** As whom to run it: a receiver refuses `--root` when privileged. */
  readonly uid?: number;
  readonly gid?: number;
  readonly settings?: Partial<TransportSettings>;
  readonly clock?: Clock;
}

/** Nodes that are folders of this machine, for the demonstration and tests: the real receiver, no network. */
export function createLocalTransport(options: LocalTransportOptions): Transport {
  const settings = { ...defaultTransportSettings, ...options.settings };
  const clock = options.clock ?? systemClock;
  const running = new Set<AbortController>();
  return {
    exchange: async (endpoint, exchange, signal) => {
      signal.throwIfAborted();
      assertSafe(endpoint);
      const root = options.rootOf(endpoint);
      if (root === undefined)
        throw new TransportFailure('refused', `no folder stands for ${endpoint.id}`, false);
      using deadline = new Deadline(exchange.deadlineMs, signal);
      deadline.phase = () => 'exec';
      deadline.started = true;
      const stop = new AbortController();
      running.add(stop);
      const start = clock.monotonic();
      try {
        const result = await runChild({
          ...programFor(exchange.program, options.receiver, root),
          env: { PATH: process.env['PATH'], LC_ALL: 'C' },
          uid: options.uid,
          gid: options.gid,
          stdin: exchange.stdin,
          maxOutputBytes: exchange.maxOutputBytes,
          settings,
          signal: AbortSignal.any([deadline.signal, stop.signal]),
        });
        return {
          ...result,
          hostKey: undefined,
          phases: { dialMs: 0, authMs: 0, execMs: clock.monotonic() - start },
        };
      } finally {
        running.delete(stop);
      }
    },
    isWarm: () => false,
    scan: () => Promise.resolve([]),
    close: () => {
      const closed = new TransportFailure('connection_lost', 'the transport was closed', true, {
        started: true,
      });
      for (const stop of running) stop.abort(closed);
      return Promise.resolve();
    },
  };
}

function programFor(
  program: RemoteProgram,
  receiver: string,
  root: string,
): { file: string; args: readonly string[] } {
  return program === 'receive'
    ? { file: receiver, args: ['--root', root] }
    : { file: 'bash', args: ['-s', '--', '--root', root] };
}
