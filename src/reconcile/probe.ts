import { connect } from 'node:net';

/** True when the port accepts a connection and says something within the time: a blackholed or half-dead host does neither. */
export async function accepting(
  node: { readonly host: string; readonly port: number },
  ms: number,
  signal: AbortSignal,
): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ host: node.host, port: node.port });
  const onAbort = (): void => {
    resolve(false);
  };
  const timer = setTimeout(onAbort, ms);
  signal.addEventListener('abort', onAbort, { once: true });
  socket.once('data', () => {
    resolve(true);
  });
  socket.once('error', onAbort);
  socket.once('close', onAbort);
  const accepts = await promise;
  clearTimeout(timer);
  signal.removeEventListener('abort', onAbort);
  socket.destroy();
  return accepts;
}
