import type { NodeId } from '../model/node.ts';
import { digestOf } from '../model/bundle.ts';
import { SyncError } from '../lib/errors.ts';

export const modes = ['check', 'apply', 'rollback', 'confirm', 'term', 'vote', 'release'] as const;
export type Mode = (typeof modes)[number];
export type Flag = 'content' | 'raw' | 'answers' | 'reload' | 'take-over';

/** The largest document either side accepts, in bytes. */
export const maxDocumentBytes = 4_194_304;

/** One request to a receiver; `document` and `fallback` are exact bytes. Epoch and seq are 0 only in `check`. */
export interface Request {
  readonly mode: Mode;
  readonly cluster: string;
  readonly node: NodeId;
  readonly kind: string;
  readonly epoch: number;
  readonly writer: string;
  readonly seq: number;
  readonly base: string | undefined;
  readonly document: Buffer | undefined;
  readonly nonce: string;
  readonly deadlineMs: number;
  readonly confirmSeconds: number;
  readonly flags: readonly Flag[];
  readonly fallback: Buffer | undefined;
}

/** The nonce of an encoded request, which its receipt must carry. */
export function nonceOf(stdin: Buffer): string {
  const end = stdin.indexOf(0x0a);
  return stdin.toString('latin1', 0, end < 0 ? 0 : end).split(' ')[11] ?? '';
}

const token = /^[A-Za-z0-9._:@-]{1,128}$/u;

/**
 * Encodes a request as the bytes of one exec's stdin.
 * @throws SyncError `internal` when a part breaks the token grammar: what we send is checked before it can reach a node.
 */
export function encodeRequest(request: Request): Buffer {
  const { document, fallback } = request;
  const tokens = [
    'SC1',
    request.mode,
    request.cluster,
    request.node,
    request.kind,
    String(request.epoch),
    request.writer,
    String(request.seq),
    request.base ?? '-',
    String(document?.length ?? 0),
    document === undefined ? '-' : digestOf(document),
    request.nonce,
    String(request.deadlineMs),
    String(request.confirmSeconds),
    request.flags.length === 0 ? '-' : request.flags.join('.'),
    String(fallback?.length ?? 0),
    fallback === undefined ? '-' : digestOf(fallback),
  ];
  const bad = tokens.findIndex((part) => !token.test(part));
  if (bad >= 0) {
    throw new SyncError(
      'internal',
      `request token ${String(bad + 1)}: expected 1-128 of [A-Za-z0-9._:@-], got ${JSON.stringify(tokens[bad])}`,
    );
  }
  if (Math.max(document?.length ?? 0, fallback?.length ?? 0) > maxDocumentBytes) {
    throw new SyncError(
      'data',
      `document for ${request.node}: expected at most ${String(maxDocumentBytes)} bytes, got ${String(document?.length)}`,
    );
  }
  return Buffer.concat([
    Buffer.from(`${tokens.join(' ')}\n`),
    document ?? Buffer.alloc(0),
    fallback ?? Buffer.alloc(0),
  ]);
}
