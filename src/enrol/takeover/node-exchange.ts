import { evidenceOf } from '../../lib/text.ts';
import { systemRandom } from '../../lib/random.ts';
import type { CauseClass } from '../../model/cause.ts';
import { classifyExit } from '../../transport/exit.ts';
import { TransportFailure, type Endpoint, type Transport } from '../../transport/transport.ts';
import { loadScript } from '../receiver-file.ts';
import { decodeTakeover, encodeTakeover, type TakeoverAnswer, type TakeoverRequest } from './node-wire.ts';

/** How a run of the script on a node ended; `held`: our key runs the receiver there, whatever is asked for. */
export type TakeoverResult =
  | { readonly ok: true; readonly answer: TakeoverAnswer }
  | {
      readonly ok: false;
      readonly cause: CauseClass;
      readonly evidence: string;
      readonly reachable: boolean;
      readonly held: boolean;
      /** The unpinned or changed host key that was shown, where that was the failure. */
      readonly shownKey?: string;
    };

const done: ReadonlySet<string> = new Set(['SURVEYED', 'DISARMED', 'REARMED', 'RESTORED']);
// Two files of a megabyte, as base64.
const maxOutputBytes = 4_194_304;

/** Runs the taking-over script on a node and judges its answer. */
export async function sendTakeover(
  ports: { readonly transport: Transport; readonly endpoint: Endpoint; readonly deadlineMs?: number },
  request: TakeoverRequest,
  signal: AbortSignal,
): Promise<TakeoverResult> {
  const { transport, endpoint, deadlineMs = 30_000 } = ports;
  const nonce = systemRandom.hex(16);
  const stdin = encodeTakeover(await loadScript('takeover-node.sh'), nonce, request);
  try {
    const result = await transport.exchange(
      endpoint,
      { program: 'install', stdin, deadlineMs, maxOutputBytes },
      signal,
    );
    const answer = decodeTakeover(result.stdout, nonce);
    if (answer !== undefined) return judge(answer);
    const held = result.stdout.includes('"result":"REQUEST"');
    const foreign = classifyExit(result);
    return {
      ok: false,
      held,
      cause: held ? 'receiver_outdated' : (foreign?.cause ?? 'no_receipt'),
      evidence: held
        ? 'our key is held to the receiver and may not look around'
        : (foreign?.evidence ?? `no answer, exit ${String(result.exitCode)}`),
      reachable: true,
    };
  } catch (error) {
    if (!(error instanceof TransportFailure)) throw error;
    const { causeClass: cause, message: evidence, reached: reachable, hostKey } = error;
    return {
      ...{ ok: false, held: false, cause, evidence, reachable },
      ...(hostKey === undefined ? {} : { shownKey: hostKey }),
    };
  }
}

const causeByResult: Readonly<Record<string, CauseClass>> = {
  IO: 'io',
  TARGET: 'target_refused',
  MOVED: 'moved',
  ALTERED: 'transfer',
  REQUEST: 'rejected_request',
};

function judge(answer: TakeoverAnswer): TakeoverResult {
  if (done.has(answer.result)) return { ok: true, answer };
  const evidence = evidenceOf(answer.text === '' ? answer.result : answer.text);
  return {
    ok: false,
    held: false,
    cause: causeByResult[answer.result] ?? 'internal',
    evidence,
    reachable: true,
  };
}
