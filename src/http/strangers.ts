import type { Socket } from 'node:net';

type End = Pick<Socket, 'remoteAddress' | 'remotePort'>;

/**
 * Connections of whoever has shown no token yet. They get a share of the places and no more: where one comes beyond it, the oldest
 * gives way, for who has a token shows it within moments, and a flood has none to show.
 */
export class Strangers {
  readonly #most: number;
  /** In the order in which they came. */
  readonly #sockets = new Map<string, Socket>();

  constructor(most: number) {
    this.#most = most;
  }

  /** How many there are. */
  get count(): number {
    return this.#sockets.size;
  }

  /** Lets one in, at the cost of the oldest where there are too many. */
  admit(socket: Socket): void {
    const name = nameOf(socket);
    this.#sockets.set(name, socket);
    socket.once('close', () => {
      if (this.#sockets.get(name) === socket) this.#sockets.delete(name);
    });
    if (this.#sockets.size <= this.#most) return;
    const [oldest] = this.#sockets.values();
    oldest?.destroy();
  }

  /** A connection has shown a token: it is a stranger no more. */
  known(end: End): void {
    this.#sockets.delete(nameOf(end));
  }
}

/** TLS hides the socket below it; both have the same other end. */
function nameOf({ remoteAddress, remotePort }: End): string {
  return `${remoteAddress ?? ''} ${String(remotePort ?? 0)}`;
}
