// src/transport/ssh2-transport.ts in the simulator: sessions to virtual nodes, under the same limits and with the same classes of failure.
import { classOf, Flight, type Session } from '../node/flight.ts';
import { mustRun, type SimProcess } from '../kernel/process.ts';
import { Violation, theWorld } from '../kernel/world.ts';
import { theScene } from '../scene.ts';
import type { TransportSettings } from '../../../src/transport/settings.ts';
import {
  TransportFailure,
  type Endpoint,
  type Exchange,
  type ExchangeResult,
  type Transport,
} from '../../../src/transport/transport.ts';

/** All that ever runs on a node. */
const programs: ReadonlySet<string> = new Set(['receive', 'install']);

/** The sessions of one controller. */
class SimTransport implements Transport {
  readonly sessions = new Map<string, Session>();
  readonly flights = new Set<Flight>();
  private readonly process: SimProcess = mustRun();
  private readonly settings: TransportSettings;

  constructor(settings: TransportSettings) {
    this.settings = settings;
    theScene().transports.set(this.process, this);
  }

  exchange(endpoint: Endpoint, exchange: Exchange, signal: AbortSignal): Promise<ExchangeResult> {
    this.process.touch();
    this.mustBeConstant(endpoint, exchange);
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    theScene().onAsked(this.process, exchange);
    const flight = new Flight({
      process: this.process,
      settings: this.settings,
      sessions: this.sessions,
      endpoint,
      exchange,
      signal,
    });
    this.mustBeAlone(endpoint, exchange);
    this.flights.add(flight);
    return flight.result.finally(() => this.flights.delete(flight));
  }

  isWarm(endpoint: Endpoint): boolean {
    return this.sessions.has(classOf(endpoint));
  }

  async scan(target: { host: string }): Promise<readonly string[]> {
    const node = theScene().nodes.get(target.host);
    if (node?.link !== 'up') throw new TransportFailure('timeout', 'no SSH handshake', false);
    return Promise.resolve([node.hostKey]);
  }

  close(): Promise<void> {
    this.sessions.clear();
    return Promise.resolve();
  }

  /** One host gets one push at a time, whatever rows name it. */
  private mustBeAlone(endpoint: Endpoint, { stdin }: Exchange): void {
    if (!isWrite(stdin)) return;
    const other = [...this.flights].find(
      (flight) => flight.to === classOf(endpoint) && isWrite(flight.stdin),
    );
    if (other !== undefined)
      theWorld().fail(
        new Violation('flights', `${this.process.name} has two pushes under way to ${endpoint.host}`),
      );
  }

  /** What runs on a node is one of two constants, and who logs in cannot be read as anything but a name. */
  private mustBeConstant(endpoint: Endpoint, { program }: Exchange): void {
    const isSafe = /^[a-z_][a-z0-9_.-]*$/u.test(endpoint.user) && /^[0-9a-f.:]+$/u.test(endpoint.host);
    if (programs.has(program) && isSafe) return;
    theWorld().fail(
      new Violation('I12', `an exchange of ${program} as ${endpoint.user} with ${endpoint.host}`),
    );
  }
}

/** A request that may change something. */
function isWrite(stdin: Buffer): boolean {
  return /^SC1 (?:apply|rollback) /u.test(stdin.toString('latin1', 0, 16));
}

export function createSsh2Transport(options: { settings: TransportSettings }): Transport {
  return new SimTransport(options.settings);
}
