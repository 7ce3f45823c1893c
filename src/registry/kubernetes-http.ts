import type { IncomingMessage } from 'node:http';
import type { RequestOptions } from 'node:https';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { linked, withDeadline } from '../lib/abort.ts';
import type { Clock } from '../lib/clock.ts';
import { SyncError } from '../lib/errors.ts';
import { ApiFailure, failureOf, failureOfStatus, isFailure } from './kubernetes-failure.ts';
import { ConnectionPool, exchange } from './kubernetes-pool.ts';
import { loadLogin, type Login, type LoginChoice } from './kubernetes-login.ts';

export interface HttpOptions extends LoginChoice {
  /** Deadline of one request, its body included. */
  readonly requestMs: number;
  readonly clock: Clock;
}

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly accept?: string;
  readonly signal?: AbortSignal | undefined;
}

const bodyLimitBytes = 4 * 1024 * 1024;

/**
 * Requests to one API server over kept connections. The client library opens a TLS connection per call, buffers without a
 * limit and swallows what it cannot parse; here every answer is bounded, timed and either whole or a failure.
 */
export class KubernetesHttp {
  readonly #options: HttpOptions;
  #login: Login | undefined;
  readonly #pool = new ConnectionPool();
  readonly #closing = new AbortController();
  /** The server asked not to be asked before this monotonic moment. */
  #notBeforeMs = 0;

  constructor(options: HttpOptions) {
    this.#options = options;
  }

  /** The server's address, or where it was looked for. */
  get location(): string {
    return (
      this.#login?.server.href.replace(/\/$/u, '') ??
      this.#options.kubeconfig ??
      'a cluster that is not found'
    );
  }

  /** Finds the login now, so that a wrong one is told at the start. */
  async connect(): Promise<void> {
    await this.#currentLogin();
  }

  /** One request and its whole answer, parsed. */
  async json(request: ApiRequest): Promise<unknown> {
    using wanted = linked(request.signal, this.#closing.signal);
    using deadline = withDeadline(wanted.signal, this.#options.requestMs);
    const bounded = { ...request, signal: deadline.signal };
    const what = whatOf(request);
    try {
      const body = await readBody(await this.stream(bounded), what);
      return parseBody(body, what);
    } catch (error) {
      wanted.signal.throwIfAborted();
      if (!deadline.signal.aborted) throw failureOf(what, error);
      throw new ApiFailure('network', `${what}: no whole answer within ${this.#options.requestMs} ms`, {
        cause: error,
      });
    }
  }

  /** One request and its answer as it comes; any status but success is a failure. The signal ends the stream, too. */
  async stream(request: ApiRequest): Promise<Readable> {
    const what = whatOf(request);
    this.#refuseTooEarly(what);
    try {
      return await this.#attempt(request);
    } catch (error) {
      // A token or certificate may have been rotated since it was read.
      if (!isFailure(error, 'unauthorised')) throw error;
      this.#login = undefined;
      return await this.#attempt(request);
    }
  }

  /** Ends every request, too: one that an API server leaves without an answer must not outlive us. */
  close(): void {
    this.#closing.abort(new SyncError('unavailable', 'the connection to the API server is closed'));
    this.#pool.close();
  }

  async #attempt(request: ApiRequest): Promise<Readable> {
    const what = whatOf(request);
    const response = await this.#send(request);
    const status = response.statusCode ?? 0;
    const body = decoded(response);
    if (status >= 200 && status < 300) return body;
    const retryAfterMs = retryAfterOf(response);
    if (retryAfterMs !== undefined) this.#notBeforeMs = this.#options.clock.monotonic() + retryAfterMs;
    const text = await readBody(body, what).catch(() => '');
    throw failureOfStatus(what, status, { retryAfterMs, body: text });
  }

  #refuseTooEarly(what: string): void {
    const waitMs = this.#notBeforeMs - this.#options.clock.monotonic();
    if (waitMs <= 0) return;
    const message = `${what}: the API server asked to wait for another ${Math.ceil(waitMs / 1000)} s`;
    throw new ApiFailure('throttled', message, { retryAfterMs: waitMs });
  }

  async #send(request: ApiRequest): Promise<IncomingMessage> {
    const login = await this.#currentLogin();
    const given = await login.requestOptions();
    const url = new URL(login.server.href.replace(/\/$/u, '') + request.path);
    for (const [name, value] of Object.entries(request.query ?? {})) url.searchParams.set(name, value);
    const payload = request.body === undefined ? undefined : JSON.stringify(request.body);
    const options: RequestOptions = {
      ...given,
      method: request.method,
      headers: headersOf(given, request, payload),
      ...(request.signal === undefined ? {} : { signal: request.signal }),
      ...(login.hasProxy ? {} : { agent: this.#pool.agentFor(url.protocol, given) }),
    };
    return exchange(url, options, payload);
  }

  async #currentLogin(): Promise<Login> {
    if (this.#login === undefined || this.#login.isOutdated()) this.#login = await loadLogin(this.#options);
    return this.#login;
  }
}

function headersOf(
  given: RequestOptions,
  request: ApiRequest,
  payload: string | undefined,
): Record<string, string> {
  const inherited = Object.entries(given.headers ?? {}).map(([name, value]): [string, string] => [
    name,
    String(value),
  ]);
  const { accept = 'application/json', contentType = 'application/json' } = request;
  const content =
    payload === undefined
      ? {}
      : { 'Content-Type': contentType, 'Content-Length': String(Buffer.byteLength(payload)) };
  return { ...Object.fromEntries(inherited), Accept: accept, 'User-Agent': 'sync-controller', ...content };
}

function decoded(response: IncomingMessage): Readable {
  const encoding = response.headers['content-encoding'];
  if (encoding === undefined || encoding === 'identity') return response;
  const gunzip = createGunzip();
  // The reader sees the error on the stream it reads.
  pipeline(response, gunzip, () => undefined);
  return gunzip;
}

async function readBody(body: Readable, what: string): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.length;
      // Also a small compressed answer can unfold without end.
      if (size > bodyLimitBytes)
        throw new ApiFailure(
          'answer',
          `${what}: expected an answer of at most ${bodyLimitBytes} bytes, got more`,
        );
      chunks.push(chunk);
    }
  } finally {
    body.destroy();
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseBody(body: string, what: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch (error) {
    throw new ApiFailure(
      'answer',
      `${what}: expected JSON, got an answer that does not parse (truncated, or from something else)`,
      { cause: error },
    );
  }
}

function retryAfterOf(response: IncomingMessage): number | undefined {
  const seconds = Number(response.headers['retry-after'] ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds, 300) * 1000 : undefined;
}

function whatOf({ method, path }: ApiRequest): string {
  return `${method} ${path}`;
}
