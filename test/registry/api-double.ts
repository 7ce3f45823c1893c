import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly isWatch: boolean;
}

type Annotations = Record<string, string>;

interface Stored {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly annotations: Annotations;
  };
  readonly data: Record<string, string>;
}

/** A fault answers in the API's stead; returning false lets the request through to it. */
export type Fault = (seen: Seen, response: ServerResponse) => boolean | Promise<boolean>;

/**
 * A scripted API server for what a real one cannot be told to do: 410, storms of 409, a silent watch, stale reads, torn
 * bodies. It keeps ConfigMaps of one namespace and knows versions, watches and merge patches, and takes Events and forgets them;
 * everything else is a fault.
 */
export class ApiDouble {
  readonly seen: Seen[] = [];
  /** Connections accepted so far. */
  connections = 0;
  #server: Server = createServer((request, response) => void this.#serve(request, response));
  #faults: Fault[] = [];
  #objects = new Map<string, Stored>();
  #watches = new Set<{ readonly name: string; readonly response: ServerResponse }>();
  #version = 100;
  #uids = 0;
  #folder = '';
  readonly pages: unknown[] = [];

  static async start(): Promise<ApiDouble> {
    const double = new ApiDouble();
    double.#folder = await mkdtemp(join(tmpdir(), 'api-double-'));
    double.#server.on('connection', () => double.connections++);
    double.#server.listen(0, '127.0.0.1');
    await once(double.#server, 'listening');
    await writeFile(double.tokenFile, 'token-1\n');
    await writeFile(double.kubeconfig, double.#kubeconfigText());
    return double;
  }

  get kubeconfig(): string {
    return join(this.#folder, 'kubeconfig');
  }

  get tokenFile(): string {
    return join(this.#folder, 'token');
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('not listening');
    return `http://127.0.0.1:${address.port}`;
  }

  /** Puts a fault before the API; the returned function takes it away. */
  fault(fault: Fault): () => void {
    this.#faults.push(fault);
    return () => {
      this.#faults = this.#faults.filter((one) => one !== fault);
    };
  }

  /** A fault for the next `times` requests that match. */
  next(
    times: number,
    matches: (seen: Seen) => boolean,
    answer: (seen: Seen, response: ServerResponse) => void,
  ): void {
    let left = times;
    const remove = this.fault((seen, response) => {
      if (!matches(seen)) return false;
      if (--left <= 0) remove();
      answer(seen, response);
      return true;
    });
  }

  put(
    name: string,
    data: Record<string, string>,
    options: { silently?: boolean; version?: number; uid?: string; annotations?: Annotations } = {},
  ): Stored {
    const old = this.#objects.get(name);
    const resourceVersion = String(options.version ?? ++this.#version);
    const uid = options.uid ?? old?.metadata.uid ?? `uid-${++this.#uids}`;
    const annotations = { ...old?.metadata.annotations, ...options.annotations };
    const stored: Stored = { metadata: { name, uid, resourceVersion, annotations }, data };
    this.#objects.set(name, stored);
    if (options.silently !== true) this.#tell(name, old === undefined ? 'ADDED' : 'MODIFIED', stored);
    return stored;
  }

  data(name: string): Record<string, string> | undefined {
    return this.#objects.get(name)?.data;
  }

  /** Sends raw bytes into every open watch of an object. */
  sendToWatches(name: string, bytes: string): void {
    for (const watch of this.#watches) if (watch.name === name) watch.response.write(bytes);
  }

  /** Cuts every connection that is open now. */
  cut(): void {
    this.#server.closeAllConnections();
  }

  count(matches: (seen: Seen) => boolean): number {
    return this.seen.filter(matches).length;
  }

  openWatches(): number {
    return this.#watches.size;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://x');
    const seen: Seen = {
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body: await text(request).catch(() => ''),
      isWatch: url.searchParams.get('watch') === 'true',
    };
    this.seen.push(seen);
    for (const fault of this.#faults) if (await fault(seen, response)) return;
    this.#answer(seen, response);
  }

  #answer(seen: Seen, response: ServerResponse): void {
    const [, name = ''] = /\/configmaps(?:\/(.+))?$/u.exec(seen.path) ?? [];
    if (seen.path === '/api/v1/services')
      json(response, 200, this.pages[Number(seen.query.get('continue') ?? 0)]);
    else if (seen.path.includes('/events')) json(response, seen.method === 'POST' ? 201 : 200, {});
    else if (seen.isWatch) this.#watch(seen, response);
    else if (seen.method !== 'GET') this.#write(seen, name, response);
    else if (name === '') this.#list(seen, response);
    else this.#get(name, response);
  }

  #get(name: string, response: ServerResponse): void {
    const found = this.#objects.get(name);
    if (found === undefined) {
      status(response, 404, `configmaps "${name}" not found`);
      return;
    }
    json(response, 200, found);
  }

  #list(seen: Seen, response: ServerResponse): void {
    const found = this.#objects.get(selected(seen));
    json(response, 200, {
      metadata: { resourceVersion: String(this.#version) },
      items: found === undefined ? [] : [found],
    });
  }

  #watch(seen: Seen, response: ServerResponse): void {
    const name = selected(seen);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    const watch = { name, response };
    this.#watches.add(watch);
    response.on('close', () => this.#watches.delete(watch));
    const found = this.#objects.get(name);
    if (
      found !== undefined &&
      Number(found.metadata.resourceVersion) > Number(seen.query.get('resourceVersion'))
    )
      this.#tell(name, 'MODIFIED', found);
  }

  #tell(name: string, type: string, object: Stored): void {
    this.sendToWatches(name, `${JSON.stringify({ type, object })}\n`);
  }

  #write(seen: Seen, name: string, response: ServerResponse): void {
    const body = JSON.parse(seen.body) as {
      metadata?: { name?: string; resourceVersion?: string; annotations?: Annotations };
      data?: Record<string, string | null>;
    };
    const target = name === '' ? (body.metadata?.name ?? '') : name;
    const old = this.#objects.get(target);
    if (seen.method === 'POST' && old !== undefined) {
      status(response, 409, 'already exists');
      return;
    }
    if (seen.method !== 'POST' && old === undefined) {
      status(response, 404, 'not found');
      return;
    }
    const version = body.metadata?.resourceVersion;
    if (version !== undefined && version !== old?.metadata.resourceVersion) {
      status(response, 409, 'the object has been modified');
      return;
    }
    const merged = { ...(seen.method === 'PATCH' ? old?.data : {}), ...body.data };
    const data = Object.entries(merged).filter((entry): entry is [string, string] => entry[1] !== null);
    const annotations = body.metadata?.annotations ?? {};
    json(response, 200, this.put(target, Object.fromEntries(data), { annotations }));
  }

  #kubeconfigText(): string {
    const cluster = { server: this.url, 'insecure-skip-tls-verify': true };
    return JSON.stringify({
      clusters: [{ name: 'c', cluster }],
      users: [{ name: 'u', user: { tokenFile: 'token' } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    });
  }
}

const selected = (seen: Seen): string =>
  (seen.query.get('fieldSelector') ?? '').replace('metadata.name=', '');

/** Answers with JSON. */
export function json(response: ServerResponse, code: number, body: unknown): void {
  response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** Answers as the API server does when it refuses. */
export function status(
  response: ServerResponse,
  code: number,
  message: string,
  headers: Record<string, string> = {},
): void {
  response
    .writeHead(code, { 'content-type': 'application/json', ...headers })
    .end(JSON.stringify({ kind: 'Status', status: 'Failure', code, message }));
}
