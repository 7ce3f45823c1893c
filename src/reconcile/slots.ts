import type { Endpoint } from '../transport/transport.ts';

/** A bounded number of places; work waits in order of arrival. */
export class Slots {
  private free: number;
  private readonly line: (() => void)[] = [];

  constructor(count: number) {
    this.free = count;
  }

  /** Runs work in a place of its own. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free -= 1;
    else await new Promise<void>((resolve) => this.line.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.line.shift();
      if (next === undefined) this.free += 1;
      else next();
    }
  }
}

/** Runs work in a place, but for a node that fetches it itself: nobody knows when it comes, and no other node waits for that. */
export function placed<T>(endpoint: Endpoint, slots: Slots, work: () => Promise<T>): Promise<T> {
  return endpoint.pull === true ? work() : slots.run(work);
}

/** One place per key: a second flight to the same host waits for the first, whatever row of the registry it came from. */
export class Flights {
  private readonly hosts = new Map<string, { slots: Slots; users: number }>();

  /** Runs work as the only flight of the key. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const host = this.hosts.get(key) ?? { slots: new Slots(1), users: 0 };
    this.hosts.set(key, host);
    host.users += 1;
    try {
      return await host.slots.run(work);
    } finally {
      host.users -= 1;
      if (host.users === 0) this.hosts.delete(key);
    }
  }
}

const ways = new WeakMap<object, Flights>();

/** The flights of all who go the same way: a push and a withdrawal to one host wait for each other. */
export function flightsOver(way: object): Flights {
  const flights = ways.get(way) ?? new Flights();
  ways.set(way, flights);
  return flights;
}

/** What a flight is named after: the host and the account that it goes to. */
export function flightTo({ user, host, port }: Pick<Endpoint, 'user' | 'host' | 'port'>): string {
  return `${user}@${host}:${String(port)}`;
}
