import type { Duplex } from 'node:stream';
import ssh2 from 'ssh2';
import { assertSafe } from './address.ts';
import { Deadline } from './deadline.ts';
import { holdGreeting } from './greeting.ts';
import { algorithmsOf, hostKeyTypes, keyLine } from './host-keys.ts';
import type { HostKeyType } from './host-keys.ts';
import type { ScanTarget } from './transport.ts';
import { TransportFailure } from './transport.ts';

const { Client } = ssh2;

type Route = (target: ScanTarget, signal: AbortSignal) => Promise<Duplex>;

/**
 * Asks an address for its host key of every type, one connection each, and hangs up before any login.
 * @throws TransportFailure where the address cannot be asked; a type it does not have is simply absent.
 */
export async function scanHostKeys(
  target: ScanTarget,
  route: Route,
  deadlineMs: number,
): Promise<readonly string[]> {
  assertSafe(target);
  using deadline = new Deadline(deadlineMs, new AbortController().signal);
  const found: string[] = [];
  for (const type of hostKeyTypes) {
    deadline.phase = () => 'dial';
    const stream = await route(target, deadline.signal);
    deadline.phase = () => 'handshake';
    const destroy = (): void => {
      stream.destroy();
    };
    deadline.signal.addEventListener('abort', destroy, { once: true });
    const shown = await deadline.wait(showKey(stream, type)).finally(destroy);
    if (shown !== undefined) found.push(keyLine(shown));
  }
  return found;
}

function showKey(stream: Duplex, type: HostKeyType): Promise<Buffer | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer | undefined>();
  const client = new Client();
  let failure = 'closed before the SSH banner';
  holdGreeting(stream, (evidence) => {
    failure = `Handshake failed: ${evidence}`;
    stream.destroy();
  });
  client.on('error', (error) => {
    failure = error.message;
    if (failure.includes('no matching host key')) resolve(undefined);
    stream.destroy();
  });
  client.on('close', () => {
    const cause = failure.includes('andshake failed') ? 'handshake' : 'throttled';
    reject(new TransportFailure(cause, failure, true));
  });
  client.connect({
    sock: stream,
    username: 'scan',
    readyTimeout: 0,
    authHandler: [],
    algorithms: { serverHostKey: algorithmsOf(type) },
    hostVerifier: (key: Buffer, verify: (ok: boolean) => void) => {
      resolve(Buffer.from(key));
      verify(false);
    },
  });
  return promise;
}
