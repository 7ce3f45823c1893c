import { createHash } from 'node:crypto';
import {
  Agent as HttpAgent,
  request as requestHttp,
  type ClientRequest,
  type IncomingMessage,
} from 'node:http';
import { Agent as HttpsAgent, request as requestHttps, type RequestOptions } from 'node:https';
import { hasCode } from '../lib/files.ts';

const tlsOptions = ['ca', 'cert', 'key', 'servername', 'rejectUnauthorized'] as const;
const kept = { keepAlive: true, keepAliveMsecs: 15_000, maxSockets: 16 };

/** Connections that are kept between requests, one set of them per set of credentials: a rotated certificate gets new ones. */
export class ConnectionPool {
  #current: { readonly id: string; readonly agent: HttpAgent } | undefined;

  agentFor(protocol: string, options: RequestOptions): HttpAgent {
    const hash = createHash('sha256').update(protocol);
    for (const name of tlsOptions) hash.update(`\0${name}\0`).update(material(options[name]));
    const id = hash.digest('hex');
    if (this.#current?.id === id) return this.#current.agent;
    this.close();
    const tls = tlsOptions
      .map((name) => [name, options[name]] as const)
      .filter(([, value]) => value !== undefined);
    const agent =
      protocol === 'http:' ? new HttpAgent(kept) : new HttpsAgent({ ...kept, ...Object.fromEntries(tls) });
    this.#current = { id, agent };
    return agent;
  }

  close(): void {
    this.#current?.agent.destroy();
    this.#current = undefined;
  }
}

function material(value: unknown): string | Buffer {
  if (typeof value === 'string' || Buffer.isBuffer(value)) return value;
  return Array.isArray(value)
    ? Buffer.concat(value.map((part) => Buffer.from(material(part))))
    : JSON.stringify(value ?? null);
}

/** Sends one request and resolves with its answer's head. */
export function exchange(
  url: URL,
  options: RequestOptions,
  payload: string | undefined,
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const open = (again: boolean): void => {
    const outgoing: ClientRequest =
      url.protocol === 'http:' ? requestHttp(url, options) : requestHttps(url, options);
    outgoing.once('response', resolve);
    outgoing.once('error', (error) => {
      // A kept connection may have been closed under us; a new one decides. Our writes name a version or create, so twice is once.
      if (again && outgoing.reusedSocket && hasCode(error, 'ECONNRESET', 'EPIPE')) open(false);
      else reject(error);
    });
    outgoing.end(payload);
  };
  open(true);
  return promise;
}
