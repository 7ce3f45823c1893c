import { systemRandom } from '../lib/random.ts';
import type { Random } from '../lib/random.ts';
import { evidenceOf } from '../lib/text.ts';
import type { CauseClass } from '../model/cause.ts';
import { classifyExit } from '../transport/exit.ts';
import type { Endpoint, ExchangeResult, Transport } from '../transport/transport.ts';
import { TransportFailure } from '../transport/transport.ts';
import { loadRestrictor } from './receiver-file.ts';
import { decodeRestrict, encodeRestrict } from './restrict-wire.ts';
import type { RestrictAnswer, RestrictRequest } from './restrict-wire.ts';

export interface RestrictOptions {
  readonly transport: Transport;
  readonly endpoint: Endpoint;
  /** Over a connection of its own: the proof of a key must not use the session of another. */
  readonly fresh?: boolean;
  readonly deadlineMs?: number;
  readonly random?: Random;
}

/** How a run of the script ended; `held` says that the key runs the receiver whatever is asked for. */
export type Restricted =
  | { readonly ok: true; readonly answer: RestrictAnswer }
  | {
      readonly ok: false;
      readonly held: boolean;
      readonly cause: CauseClass;
      readonly evidence: string;
      readonly reachable: boolean;
      /** The script may have run, and nobody knows how far. */
      readonly unknown: boolean;
    };

/** Runs the restricting script on a node and judges its answer. */
export async function sendRestrict(
  { transport, endpoint, fresh = false, deadlineMs = 60_000, random = systemRandom }: RestrictOptions,
  request: RestrictRequest,
  signal: AbortSignal,
): Promise<Restricted> {
  const nonce = random.hex(16);
  const stdin = encodeRestrict(await loadRestrictor(), nonce, request);
  const exchange = { program: 'install', stdin, deadlineMs, maxOutputBytes: 262_144 } as const;
  try {
    const result = await transport.exchange(endpoint, fresh ? { ...exchange, fresh } : exchange, signal);
    return judge(result, nonce);
  } catch (error) {
    if (!(error instanceof TransportFailure)) throw error;
    const { causeClass: cause, message: evidence, reached: reachable, started } = error;
    return { ok: false, held: false, cause, evidence, reachable, unknown: started };
  }
}

const done: ReadonlySet<string> = new Set(['LOOKED', 'GRANTED', 'WITHDRAWN']);

function judge(result: ExchangeResult, nonce: string): Restricted {
  const answer = decodeRestrict(result.stdout, nonce);
  const failed = { ok: false, held: false, reachable: true, unknown: false } as const;
  if (answer === undefined) return withoutAnswer(result);
  if (result.exitCode === 0 && done.has(answer.result)) return { ok: true, answer };
  const evidence = evidenceOf(answer.text === '' ? answer.result : answer.text);
  return { ...failed, cause: causeOfResult(answer), evidence };
}

const causeByResult: Readonly<Record<string, CauseClass>> = {
  MISSING: 'requirements',
  LOGIN: 'requirements',
  UNSAFE: 'target_refused',
  SUDOERS: 'sudo',
  BUSY: 'busy',
  REQUEST: 'rejected_request',
};

function causeOfResult({ result, text }: RestrictAnswer): CauseClass {
  if (result !== 'IO') return causeByResult[result] ?? 'internal';
  if (/No space left|Disk quota/u.test(text)) return 'enospc';
  return /Read-only file system|Operation not permitted/u.test(text) ? 'readonly' : 'io';
}

/** A key with a forced command runs the receiver whatever we ask for, and that refuses a script as a request. */
function withoutAnswer(result: ExchangeResult): Restricted {
  const held = result.stdout.includes('"result":"REQUEST"');
  const foreign = classifyExit(result);
  const evidence = held
    ? 'the key is restricted to the receiver'
    : (foreign?.evidence ?? `no answer, exit ${String(result.exitCode)}`);
  return {
    ok: false,
    held,
    cause: held ? 'receiver_outdated' : (foreign?.cause ?? 'no_receipt'),
    evidence,
    reachable: true,
    // Programs of the way (sudo, a shell) have refused it; anything else ended in the middle.
    unknown: !held && (foreign?.cause ?? 'no_receipt') === 'no_receipt',
  };
}
