import type { Bundle } from '../model/bundle.ts';
import type { CauseClass } from '../model/cause.ts';
import type { NodeId } from '../model/node.ts';
import type { Position } from '../model/term.ts';
import type { Random } from '../lib/random.ts';
import type { Endpoint, Exchange, ExchangeResult, Transport } from '../transport/transport.ts';
import { TransportFailure } from '../transport/transport.ts';
import { classifyExit } from '../transport/exit.ts';
import { decodeReceipt, type Receipt } from '../wire/receipt.ts';
import { encodeRequest, type Flag, type Mode } from '../wire/request.ts';
import { evidenceOf } from '../lib/text.ts';
import type { Timekeeper } from './timekeeper.ts';

/** What every exchange with one node needs, bound once per attempt. */
export interface Lane {
  readonly transport: Transport;
  readonly endpoint: Endpoint;
  readonly clusterId: string;
  readonly random: Random;
  readonly deadlineMs: number;
  /** A person asks: a login that was refused a while ago is tried again. */
  readonly insist?: boolean;
  /** Where the time of the attempt is added up; absent where nobody asks. */
  readonly times?: Timekeeper | undefined;
}

/** One call of one mode. */
export interface Call {
  readonly mode: Mode;
  readonly kind: Bundle['kind'];
  readonly position: Position;
  readonly document?: Buffer;
  readonly fallback?: Buffer;
  readonly base?: string;
  readonly flags?: readonly Flag[];
  readonly deadlineMs?: number;
  /** Not 0: the fallback is restored unless `confirm` comes in time. */
  readonly confirmSeconds?: number;
  /** Over a connection that is opened for it. */
  readonly fresh?: boolean;
}

/** An exchange that brought no trustworthy receipt. `reachable` tells a silent node from a broken one. */
export interface NoReceipt {
  readonly failed: true;
  readonly cause: CauseClass;
  readonly evidence: string;
  readonly reachable: boolean;
  /** The host key that was shown and refused, where that was the failure. */
  readonly shownKey?: string;
}

export type Answer = Receipt | NoReceipt;

/** True where an answer is no receipt. */
export function isFailed(answer: Answer): answer is NoReceipt {
  return 'failed' in answer;
}

// A receipt with Traefik's raw data (at most 4 MiB) and the managed bytes fits; anything longer is not ours.
const maxOutputBytes = 10 * 1024 * 1024;

/** Runs one mode of the receiver on one node and returns its receipt, or the class of failure. Rejects only when the signal fires. */
export async function call(lane: Lane, what: Call, signal: AbortSignal): Promise<Answer> {
  const nonce = lane.random.hex(16);
  const deadlineMs = what.deadlineMs ?? lane.deadlineMs;
  const stdin = encodeRequest({
    mode: what.mode,
    cluster: lane.clusterId,
    node: lane.endpoint.id,
    kind: what.kind,
    ...what.position,
    base: what.base,
    document: what.document,
    nonce,
    deadlineMs,
    confirmSeconds: what.confirmSeconds ?? 0,
    flags: what.flags ?? [],
    fallback: what.fallback,
  });
  const end = lane.times?.start();
  try {
    const result = await lane.transport.exchange(
      lane.endpoint,
      {
        program: 'receive',
        stdin,
        deadlineMs: deadlineMs + 500,
        maxOutputBytes,
        whole: (stdout) => wholeness(stdout, nonce),
        ...connectionFor(lane, what),
      },
      signal,
    );
    const { dialMs, authMs, execMs } = result.phases;
    lane.times?.add('dialMs', dialMs + authMs);
    lane.times?.add('exchangeMs', execMs);
    const answer = receiptOf(result, nonce, lane.endpoint.id);
    if (!isFailed(answer)) lane.times?.note(answer);
    return answer;
  } catch (error) {
    if (!(error instanceof TransportFailure)) throw error;
    // Where no payload byte was sent, all the time went into getting there.
    end?.(error.started ? 'exchangeMs' : 'dialMs');
    const shown = error.hostKey === undefined ? {} : { shownKey: error.hostKey };
    return {
      failed: true,
      cause: error.causeClass,
      evidence: evidenceOf(error.message),
      reachable: error.reached,
      ...shown,
    };
  }
}

/** What is asked of the connection beside the exchange itself. */
function connectionFor(lane: Lane, what: Call): Pick<Exchange, 'fresh' | 'insist'> {
  return {
    ...(what.fresh === true ? { fresh: true } : {}),
    ...(lane.insist === true ? { insist: true } : {}),
  };
}

/** A receiver stays after a success alone: whatever else it answers, bytes of ours may be left unread. */
function wholeness(stdout: Buffer, nonce: string): 'no' | 'stays' | 'ends' {
  const receipt = decodeReceipt(stdout, nonce);
  if ('missing' in receipt) return 'no';
  return receipt.code === 0 ? 'stays' : 'ends';
}

function receiptOf(result: ExchangeResult, nonce: string, id: NodeId): Answer {
  const receipt = decodeReceipt(result.stdout, nonce);
  if ('missing' in receipt) {
    const exit = classifyExit(result);
    return {
      failed: true,
      cause: exit?.cause ?? 'no_receipt',
      evidence: evidenceOf(
        exit?.evidence ?? `${receipt.missing}; exit ${String(result.exitCode)}; ${result.stderr}`,
      ),
      reachable: true,
    };
  }
  if (receipt.node !== id) {
    return {
      failed: true,
      cause: 'identity_mismatch',
      evidence: evidenceOf(`the receipt is of ${receipt.node}`),
      reachable: true,
    };
  }
  return receipt;
}
