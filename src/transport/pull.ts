import { systemClock, type Clock } from '../lib/clock.ts';
import { nonceOf } from '../wire/request.ts';
import { Deadline } from './deadline.ts';
import type { Endpoint, Exchange, ExchangeResult, Transport } from './transport.ts';
import { TransportFailure } from './transport.ts';
import type { Visits } from './visits.ts';

/** Nodes that fetch their requests themselves: an exchange is one visit and the next. Nothing but the receiver runs there. */
export function createPullTransport(visits: Visits, clock: Clock = systemClock): Transport {
  return {
    exchange: (endpoint, exchange, signal) => fetched(visits, clock, { endpoint, exchange }, signal),
    isWarm: ({ id }) => visits.sightOf(id)?.here === true,
    scan: () => Promise.resolve([]),
    close: () => {
      visits.close();
      return Promise.resolve();
    },
  };
}

async function fetched(
  visits: Visits,
  clock: Clock,
  { endpoint, exchange }: { readonly endpoint: Endpoint; readonly exchange: Exchange },
  signal: AbortSignal,
): Promise<ExchangeResult> {
  const { program, stdin, deadlineMs, maxOutputBytes } = exchange;
  if (program !== 'receive') {
    const text = 'a node that fetches its configuration itself takes programs from the join command alone';
    throw new TransportFailure('receiver_outdated', text, visits.sightOf(endpoint.id)?.here === true);
  }
  using deadline = new Deadline(deadlineMs, signal);
  deadline.phase = () => 'exec';
  deadline.started = true;
  const began = clock.monotonic();
  const errand = { nonce: nonceOf(stdin), stdin, maxOutputBytes };
  const { exitCode, stdout } = await visits.ask(endpoint.id, errand, deadline.signal);
  return {
    exitCode,
    signal: undefined,
    stdout,
    stderr: '',
    phases: { dialMs: 0, authMs: 0, execMs: clock.monotonic() - began },
    hostKey: undefined,
  };
}

/** Every node by its own way: one that comes to us by its visits, any other as before. */
export function besides(ssh: Transport, pull: Transport): Transport {
  const wayOf = (endpoint: Endpoint): Transport => (endpoint.pull === true ? pull : ssh);
  const sessions = ssh.sessionCount?.bind(ssh);
  return {
    exchange: (endpoint, exchange, signal) => wayOf(endpoint).exchange(endpoint, exchange, signal),
    isWarm: (endpoint) => wayOf(endpoint).isWarm(endpoint),
    ...(sessions === undefined ? {} : { sessionCount: sessions }),
    scan: (target, deadlineMs) => ssh.scan(target, deadlineMs),
    close: async () => {
      await pull.close();
      await ssh.close();
    },
  };
}
