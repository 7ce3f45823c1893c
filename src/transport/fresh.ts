import type { Endpoint, Exchange, ExchangeResult, Transport } from './transport.ts';

/** One exchange over a connection that is opened for it and ends with it: the proof that a new one can be made. */
export async function onNewConnection(
  transport: Transport,
  what: { readonly endpoint: Endpoint; readonly exchange: Exchange },
  signal: AbortSignal,
): Promise<ExchangeResult> {
  const { fresh: _fresh, whole: _whole, ...exchange } = what.exchange;
  try {
    return await transport.exchange(what.endpoint, exchange, signal);
  } finally {
    await transport.close();
  }
}
