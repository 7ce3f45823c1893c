import { connect, isIP } from 'node:net';
import type { Socket } from 'node:net';
import { messageOf } from '../lib/errors.ts';
import type { CauseClass } from '../model/cause.ts';
import { TransportFailure } from './transport.ts';

const classByCode: Readonly<Record<string, CauseClass>> = {
  ECONNREFUSED: 'refused',
  ETIMEDOUT: 'timeout',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ENETDOWN: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  EINVAL: 'unreachable',
  EACCES: 'unreachable',
  EPERM: 'unreachable',
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  EAI_NODATA: 'dns',
  EAI_NONAME: 'dns',
  EAI_FAIL: 'dns',
  ECONNRESET: 'throttled',
  EPIPE: 'throttled',
};

/** A TCP connection within the limit, without Nagle (each exec would wait 40 ms for a delayed ACK). */
export function dialTcp(
  address: { readonly host: string; readonly port: number },
  limitMs: number,
  signal: AbortSignal,
): Promise<Socket> {
  const { host, port } = address;
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const named = isIP(host.replace(/%.*$/u, '')) === 0;
  let resolved = !named;
  const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000 });
  const fail = (failure: Error): void => {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    socket.destroy();
    reject(failure);
  };
  const onAbort = (): void => {
    fail(signal.reason as Error);
  };
  const timer = setTimeout(() => {
    const what = resolved
      ? `no connection to ${host} port ${String(port)}`
      : `no answer to the lookup of ${host}`;
    fail(new TransportFailure(resolved ? 'timeout' : 'dns', `${what} within ${String(limitMs)} ms`, false));
  }, limitMs);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  const onLookup = (_error: Error, address: string): void => {
    resolved = address !== '';
  };
  const onError = (error: Error): void => {
    fail(dialFailure(error, host, port));
  };
  socket.on('lookup', onLookup);
  socket.on('error', onError);
  socket.once('connect', () => {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    // An error after the connection is the session's affair, but must never be unhandled.
    socket.on('error', ignore);
    socket.off('error', onError);
    socket.off('lookup', onLookup);
    resolve(socket);
  });
  return promise;
}

/** One for all sockets, which live long: what a dial knew goes with its end. */
function ignore(): void {
  // Whoever uses the socket hears of it, too.
}

/** The class of a socket error while dialling. */
export function dialFailure(error: unknown, host: string, port: number): TransportFailure {
  const code = codeOf(error);
  const cause = classByCode[code] ?? 'unreachable';
  return new TransportFailure(cause, `${host} port ${String(port)}: ${code || messageOf(error)}`, false);
}

/** `ECONNREFUSED` and the like; the first of several where all addresses of a name failed. */
export function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
