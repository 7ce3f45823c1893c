import { sha } from './documents.ts';

/** A request line as a receiver reads it: docs/protocol.md, not the controller's own encoder. */
export interface WireRequest {
  readonly mode: string;
  readonly cluster: string;
  readonly node: string;
  readonly kind: string;
  readonly epoch: number;
  readonly writer: string;
  readonly seq: number;
  readonly base: string | undefined;
  readonly nonce: string;
  readonly flags: readonly string[];
  readonly document: string;
  readonly hasDocument: boolean;
  /** Not 0: the fallback comes back unless somebody confirms in time. */
  readonly confirmSeconds: number;
  readonly fallback: string;
}

/** A request that no receiver would obey; the class is the result it answers. */
export interface Refused {
  readonly refused: 'REQUEST' | 'TRUNCATED' | 'ALTERED';
  readonly nonce: string;
  readonly why: string;
}

const token = /^[A-Za-z0-9._:@-]{1,128}$/u;
const number = /^(?:0|[1-9]\d{0,15})$/u;

/** Reads what came on stdin, as strictly as a node does. */
export function readRequest(stdin: Buffer): WireRequest | Refused {
  const end = stdin.indexOf(0x0a);
  if (end < 0) return { refused: 'TRUNCATED', nonce: '', why: 'no whole line' };
  const tokens = stdin.toString('latin1', 0, end).split(' ');
  const nonce = tokens[11] ?? '';
  const bad = (why: string): Refused => ({ refused: 'REQUEST', nonce, why });
  if (tokens.length !== 17 || tokens[0] !== 'SC1') return bad(`${String(tokens.length)} tokens`);
  const wrong = tokens.find((each) => !token.test(each));
  if (wrong !== undefined) return bad(`the token ${JSON.stringify(wrong)}`);
  const [, mode, cluster, node, kind, epoch, writer, seq, base, length, digest] = tokens;
  if (![epoch, seq, length].every((each) => number.test(each ?? ''))) return bad('a number');
  if (!/^[a-z0-9-]{8,64}$/u.test(cluster ?? '') || !/^[a-z0-9]{8,64}$/u.test(writer ?? ''))
    return bad('cluster or writer');
  if (mode !== 'check' && (epoch === '0' || seq === '0')) return bad('position 0 outside of check');
  const body = stdin.subarray(end + 1);
  if (body.length < Number(length)) return { refused: 'TRUNCATED', nonce, why: 'the document' };
  const document = body.subarray(0, Number(length));
  if (digest !== '-' && sha(document) !== digest) return { refused: 'ALTERED', nonce, why: 'the document' };
  const rest = body.subarray(Number(length));
  if (!number.test(tokens[13] ?? '') || !number.test(tokens[15] ?? '')) return bad('a number');
  if (rest.length < Number(tokens[15])) return { refused: 'TRUNCATED', nonce, why: 'the fallback' };
  const fallback = rest.subarray(0, Number(tokens[15]));
  if (tokens[16] !== '-' && sha(fallback) !== tokens[16])
    return { refused: 'ALTERED', nonce, why: 'the fallback' };
  if (tokens[13] !== '0' && tokens[16] === '-') return bad('confirm_s without a fallback');
  return {
    mode: mode ?? '',
    cluster: cluster ?? '',
    node: node ?? '',
    kind: kind ?? '',
    epoch: Number(epoch),
    writer: writer ?? '',
    seq: Number(seq),
    base: base === '-' ? undefined : base,
    nonce,
    flags: tokens[14] === '-' ? [] : (tokens[14] ?? '').split('.'),
    document: document.toString('latin1'),
    hasDocument: digest !== '-',
    confirmSeconds: Number(tokens[13]),
    fallback: fallback.toString('latin1'),
  };
}
