import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nodeId } from '../../src/model/node.ts';
import type { HostKeyPin } from '../../src/model/node.ts';
import type { TransportSettings } from '../../src/transport/settings.ts';
import type { Endpoint, Exchange, ExchangeResult, Transport } from '../../src/transport/transport.ts';
import { TransportFailure } from '../../src/transport/transport.ts';
import { startFleet } from '../fleet/fleet.ts';
import type { Fleet, FleetNode } from '../fleet/types.ts';

/** The stub that plays the receiver. */
export const stubReceiver = join(import.meta.dirname, 'stub-receiver.sh');

/** Makes a transport with some settings changed. */
export type MakeTransport = (settings: Partial<TransportSettings>) => Transport;

/** In what the adapters differ by nature. */
export interface Adapter {
  /** False for the ssh program: it tells the exit status only together with the end of the channel. */
  readonly seesExitApart: boolean;
}

/** A place to run exchanges against, whichever adapter is under test. */
export interface Rig {
  readonly make: MakeTransport;
  readonly endpoint: Endpoint;
  /** How often a receiver was started there. */
  starts(): Promise<number>;
  stop(): Promise<void>;
}

/** Machines of the test fleet with the stub in the receiver's place. */
export interface FleetRig extends Rig {
  readonly fleet: Fleet;
  endpointOf(node: FleetNode, changes?: Partial<Endpoint>): Endpoint;
}

/** Pins made of public key lines. */
export function pinsOf(lines: readonly string[]): readonly HostKeyPin[] {
  return lines.map((line) => ({
    key: line.split(' ').slice(0, 2).join(' '),
    source: 'given',
    added: '2026-11-21T00:00:00Z',
  }));
}

/** Starts a fleet whose nodes run the stub as their receiver. */
export async function fleetRig(make: MakeTransport, nodes = 1): Promise<FleetRig> {
  const fleet = await startFleet({ nodes });
  const text = await readFile(stubReceiver, 'utf8');
  const place = '/usr/local/lib/sync-controller';
  for (const node of fleet.nodes) {
    await node.run(
      `mkdir -p ${place} && cat > ${place}/receive.new && chmod 755 ${place}/receive.new && mv ${place}/receive.new ${place}/receive`,
      { stdin: text },
    );
  }
  const endpointOf = (node: FleetNode, changes: Partial<Endpoint> = {}): Endpoint => ({
    id: nodeId('vps_nodes', node.address),
    host: node.address,
    port: node.port,
    user: node.user,
    identities: [fleet.clientKey],
    agentSocket: undefined,
    pins: pinsOf(node.hostKeys),
    jumps: [],
    proxyCommand: undefined,
    ...changes,
  });
  const starts = async (): Promise<number> => {
    const log = await readFile(join(fleet.node(0).rootDir, 'run/receiver-starts'), 'utf8').catch(() => '');
    return log.split('\n').length - 1;
  };
  return { make, fleet, endpointOf, endpoint: endpointOf(fleet.node(0)), starts, stop: () => fleet.stop() };
}

/** An exchange of the stub: a first line, a body, and limits a test may change. */
export function ask(line: string, changes: Partial<Exchange> & { readonly body?: Buffer } = {}): Exchange {
  const { body = Buffer.alloc(0), ...limits } = changes;
  return {
    program: 'receive',
    stdin: Buffer.concat([Buffer.from(`${line}\n`), body]),
    deadlineMs: 20_000,
    maxOutputBytes: 1_048_576,
    ...limits,
  };
}

/** Runs one exchange that nobody cancels. */
export function run(transport: Transport, endpoint: Endpoint, exchange: Exchange): Promise<ExchangeResult> {
  return transport.exchange(endpoint, exchange, new AbortController().signal);
}

/** The failure that an exchange ends with; a success is an error of the test. */
export async function failureOf(exchange: Promise<ExchangeResult>): Promise<TransportFailure> {
  const result = await exchange.catch((error: unknown) => error);
  if (result instanceof TransportFailure) return result;
  throw new Error('expected a TransportFailure', { cause: result });
}
