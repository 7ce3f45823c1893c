// A TCP proxy whose wire can be broken: what namespaces cannot do (delay, slices, cuts at a byte, half-close) is done here.
import { createServer, connect, type Server, type Socket } from 'node:net';
import { Pipe, type Cut, type Faults } from './pipe.ts';

/** `to-node` is what the controller says, `from-node` what it hears. */
export type Direction = 'to-node' | 'from-node';

/** One connection through the proxy. */
export interface Passage {
  /** Bytes passed on so far. */
  passed(direction: Direction): number;
  set(direction: Direction, faults: Faults): void;
  /** Ends it at once: RST to both sides. */
  reset(): void;
  /** FIN to the side that this direction leads to; the other direction goes on. */
  halfClose(direction: Direction): void;
  /** Neither side hears the other any more, and neither is told. */
  blackhole(): void;
  readonly closed: boolean;
}

export interface Proxy {
  readonly host: string;
  readonly port: number;
  /** Every connection since the start, the newest last. */
  readonly passages: readonly Passage[];
  /** Faults of a direction for connections to come, and for those that live. */
  set(direction: Direction, faults: Faults): void;
  /** All faults are over; what was dropped or cut stays so. */
  heal(): void;
  stop(): Promise<void>;
}

export interface ProxyOptions {
  /** Where it listens, at a port of its own. */
  readonly host: string;
  readonly to: { readonly host: string; readonly port: number };
}

/** Starts a proxy in front of one address. */
export async function startProxy({ host, to }: ProxyOptions): Promise<Proxy> {
  const faults: Record<Direction, Faults> = { 'to-node': {}, 'from-node': {} };
  const passages: LivePassage[] = [];
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    const far = connect({ ...to, allowHalfOpen: true, noDelay: true });
    passages.push(new LivePassage(near, far, faults));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, host, resolve);
  });
  const set = (direction: Direction, next: Faults): void => {
    faults[direction] = next;
    for (const passage of passages) if (!passage.closed) passage.set(direction, next);
  };
  return {
    host,
    port: portOf(server),
    passages,
    set,
    heal: () => {
      set('to-node', {});
      set('from-node', {});
    },
    stop: async () => {
      for (const passage of passages) passage.reset();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('proxy: expected a TCP port');
  return address.port;
}

class LivePassage implements Passage {
  private readonly ends: Readonly<Record<Direction, Socket>>;
  private readonly pipes: Readonly<Record<Direction, Pipe>>;

  constructor(near: Socket, far: Socket, faults: Readonly<Record<Direction, Faults>>) {
    this.ends = { 'to-node': far, 'from-node': near };
    const cut = (direction: Direction) => (how: Cut) => {
      if (how === 'reset') this.reset();
      if (how === 'close') for (const end of [near, far]) end.destroy();
      if (how === 'half-close') this.halfClose(direction);
    };
    this.pipes = {
      'to-node': new Pipe(near, far, faults['to-node'], cut('to-node')),
      'from-node': new Pipe(far, near, faults['from-node'], cut('from-node')),
    };
    // What breaks on one side breaks on the other, in the way that it did.
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on('error', () => other.resetAndDestroy());
      one.on('close', () => other.destroySoon());
    }
  }

  get closed(): boolean {
    return Object.values(this.ends).every((end) => end.destroyed);
  }

  passed(direction: Direction): number {
    return this.pipes[direction].passed;
  }

  set(direction: Direction, faults: Faults): void {
    this.pipes[direction].set(faults);
  }

  reset(): void {
    for (const end of Object.values(this.ends)) if (!end.destroyed) end.resetAndDestroy();
  }

  halfClose(direction: Direction): void {
    this.set(direction, { drop: true });
    this.ends[direction].end();
  }

  blackhole(): void {
    for (const pipe of Object.values(this.pipes)) pipe.set({ hold: true });
  }
}
