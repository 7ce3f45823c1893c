import type { ClientRequest, IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { exitCodes, messageOf, SyncError, type ExitName } from '../lib/errors.ts';
import { withQuery } from '../lib/query.ts';
import type { NodeReport } from './report.ts';
import { aliveMs, problemSchema, streamLineSchema, type Problem, type Route } from './routes.ts';

// `import 'node:http'` reads every export of the module, and one of them loads a whole second HTTP client: 30 ms.
const { request } = process.getBuiltinModule('node:http');

export interface Deadlines {
  /** The socket takes the connection by then. */
  readonly connectMs: number;
  /** A short answer is complete, and a streamed one has begun, by then. */
  readonly answerMs: number;
}

export interface Asking {
  readonly socket: string;
  readonly route: Route;
  readonly body: unknown;
  readonly deadlines: Deadlines;
  readonly signal: AbortSignal;
  readonly onNode?: (report: NodeReport) => void;
}

/** Sends one request over a unix socket and returns the answer's value. Rejects with a SyncError alone. */
export async function ask(asking: Asking): Promise<unknown> {
  try {
    const response = await send(asking);
    const body =
      response.statusCode === 200 && asking.route.form === 'stream'
        ? stream(response, asking)
        : whole(response, asking);
    return await body;
  } catch (error) {
    asking.signal.throwIfAborted();
    throw error instanceof SyncError ? error : silent(asking, messageOf(error));
  }
}

async function send({ socket, route, body, deadlines, signal }: Asking): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const isRead = route.method === 'GET';
  const query = typeof body === 'object' && body !== null ? body : {};
  const path = isRead ? withQuery(route.path, query) : route.path;
  const text = isRead ? undefined : JSON.stringify(body);
  const headers =
    text === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
  const sent: ClientRequest = request(
    { socketPath: socket, path, method: route.method, headers, signal, agent: false },
    resolve,
  );
  const timer = setTimeout(
    () => sent.destroy(new Error(`no answer in ${String(deadlines.answerMs)} ms`)),
    deadlines.answerMs,
  );
  const connecting = setTimeout(
    () => sent.destroy(new Error(`no connection in ${String(deadlines.connectMs)} ms`)),
    deadlines.connectMs,
  );
  sent.once('socket', (wire) => wire.once('connect', () => clearTimeout(connecting)));
  sent.once('error', reject);
  sent.end(text);
  return promise.finally(() => {
    clearTimeout(timer);
    clearTimeout(connecting);
  });
}

async function whole(response: IncomingMessage, asking: Asking): Promise<unknown> {
  const timer = setTimeout(
    () => response.destroy(new Error('the answer stopped half-way')),
    asking.deadlines.answerMs,
  );
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    if (response.statusCode === 200) return value;
    throw errorOf(problemSchema.parse(value));
  } finally {
    clearTimeout(timer);
  }
}

/** Reads lines until the last one. Silence for four signs of life means that the daemon hangs. */
async function stream(response: IncomingMessage, asking: Asking): Promise<unknown> {
  const silence = setTimeout(() => response.destroy(new Error('the daemon fell silent')), 4 * aliveMs);
  // A destroyed response ends its lines without an error of its own.
  let failure: Error | undefined;
  response.once('error', (error: Error) => {
    failure = error;
  });
  try {
    for await (const text of createInterface({ input: response, crlfDelay: Infinity })) {
      silence.refresh();
      const line = streamLineSchema.parse(JSON.parse(text));
      if (line.type === 'node') asking.onNode?.(line.report);
      if (line.type === 'problem') throw errorOf(line.problem);
      if (line.type === 'end') return line.answer;
    }
    throw failure ?? new Error('the daemon ended before its answer did');
  } finally {
    clearTimeout(silence);
    response.destroy();
  }
}

function errorOf({ exit, message, remedy }: Problem): SyncError {
  const known = Object.hasOwn(exitCodes, exit) ? (exit as ExitName) : 'failure';
  return new SyncError(known, message, remedy === undefined ? {} : { remedy });
}

function silent({ socket }: Asking, reason: string): SyncError {
  return new SyncError('unavailable', `daemon: expected an answer at ${socket}, got: ${reason}`, {
    remedy: `sudo systemctl restart sync-controller; or, where no daemon runs, remove ${socket}`,
  });
}
