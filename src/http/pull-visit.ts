import type { IncomingMessage, ServerResponse } from 'node:http';
import type { NodeId } from '../model/node.ts';
import type { Told, Visits } from '../transport/visits.ts';

/** The one path of the listener for nodes. */
export const pullPath = '/pull/v1';

/** A visit that is turned away: nothing of it is read any further. */
export class TurnedAway extends Error {
  readonly status: number;

  constructor(status: number, text: string) {
    super(text);
    this.name = 'TurnedAway';
    this.status = status;
  }
}

// A request line's own grammar, and an exit code.
const nonceForm = /^[a-z0-9]{16,64}$/u;
const exitForm = /^\d{1,3}$/u;

export interface VisitParts {
  readonly visits: Pick<Visits, 'park' | 'room' | 'tell'>;
  /** How long it waits for something to do. */
  readonly hangMs: number;
}

/**
 * One visit of a node: the receipt of what it fetched last, where it brings one, then the wait for what comes next. Its end is the
 * end of the answer: 200 with the bytes for the receiver, or 204.
 */
export async function visit(
  id: NodeId,
  request: IncomingMessage,
  response: ServerResponse,
  { visits, hangMs }: VisitParts,
): Promise<void> {
  const told = await toldIn(id, request, visits);
  if (told !== undefined && !visits.tell(id, told)) throw stale();
  // Gone while its receipt was read: whoever is parked here would be taken for somebody who waits.
  if (response.destroyed || request.socket.destroyed) return;
  let leave = (): void => undefined;
  const hang = setTimeout(() => {
    leave();
    nothing(response);
  }, hangMs);
  // It may be given something before `park` returns.
  leave = visits.park(id, {
    give: (bytes) => {
      clearTimeout(hang);
      return given(response, bytes);
    },
    dismiss: () => {
      clearTimeout(hang);
      nothing(response);
    },
  });
  response.once('close', () => {
    clearTimeout(hang);
    leave();
  });
}

/** The receipt that a visit brings; undefined where it brings none. Nothing is read for a request that nobody waits for. */
async function toldIn(
  id: NodeId,
  request: IncomingMessage,
  visits: VisitParts['visits'],
): Promise<Told | undefined> {
  const nonce = request.headers['x-sync-nonce'];
  const length = Number(request.headers['content-length'] ?? '0');
  if (nonce === undefined) {
    if (length !== 0 || request.headers['transfer-encoding'] !== undefined)
      throw new TurnedAway(400, 'expected a receipt to name its request in X-Sync-Nonce');
    request.resume();
    return undefined;
  }
  const exit = request.headers['x-sync-exit'];
  if (typeof nonce !== 'string' || !nonceForm.test(nonce) || typeof exit !== 'string' || !exitForm.test(exit))
    throw new TurnedAway(
      400,
      'expected X-Sync-Nonce of 16 to 64 letters and digits, and X-Sync-Exit from 0 to 255',
    );
  if (request.headers['content-length'] === undefined || !Number.isSafeInteger(length))
    throw new TurnedAway(411, 'expected a receipt with Content-Length');
  const room = visits.room(id, nonce);
  if (room === 0) throw stale();
  if (length > room) throw new TurnedAway(413, `expected a receipt of at most ${String(room)} bytes`);
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const stdout = Buffer.concat(chunks);
  // A body that breaks off ends the loop with an error; this is the belt to those braces.
  if (stdout.length !== length) throw new TurnedAway(400, 'the receipt broke off');
  return { nonce, exitCode: Number(exit), stdout };
}

function stale(): TurnedAway {
  return new TurnedAway(409, 'nobody waits for this receipt any more');
}

async function given(response: ServerResponse, bytes: Buffer): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  response.once('finish', () => {
    resolve(undefined);
  });
  response.once('close', () => {
    reject(new Error('closed'));
  });
  if (response.destroyed) reject(new Error('closed'));
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'content-length': bytes.length,
    'cache-control': 'no-store',
  });
  response.end(bytes);
  await promise;
}

function nothing(response: ServerResponse): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(204, { 'cache-control': 'no-store' });
  response.end();
}
