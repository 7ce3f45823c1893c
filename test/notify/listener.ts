import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

/** One request as it arrived. */
export interface Heard {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A real HTTP server on loopback that keeps what it hears and answers as the test says. */
export class Listener {
  readonly heard: Heard[] = [];
  answer: RequestListener = (_request, response) => response.writeHead(200).end('ok');
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        this.heard.push({
          path: request.url ?? '',
          headers: request.headers,
          body: Buffer.concat(parts).toString('utf8'),
        });
        this.answer(request, response);
      });
    });
  }

  static async open(): Promise<Listener> {
    const listener = new Listener();
    listener.server.listen(0, '127.0.0.1');
    await once(listener.server, 'listening');
    return listener;
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.server.address() as AddressInfo).port)}`;
  }

  /** The body of the n-th request, read as JSON. */
  json(n = 0): Record<string, unknown> {
    return JSON.parse(this.heard[n]?.body ?? 'null') as Record<string, unknown>;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}

/** Waits until something is so. */
export async function until(what: () => boolean, deadlineMs = 20_000): Promise<void> {
  const end = Date.now() + deadlineMs;
  while (!what()) {
    if (Date.now() > end) throw new Error(`not so within ${String(deadlineMs)} ms: ${String(what)}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
