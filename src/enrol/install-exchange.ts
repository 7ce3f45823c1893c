import { systemRandom } from '../lib/random.ts';
import type { Random } from '../lib/random.ts';
import { evidenceOf } from '../lib/text.ts';
import type { TargetKind } from '../model/bundle.ts';
import type { CauseClass } from '../model/cause.ts';
import { classifyExit } from '../transport/exit.ts';
import type { Endpoint, ExchangeResult, Transport } from '../transport/transport.ts';
import { TransportFailure } from '../transport/transport.ts';
import { decodeInstall, encodeInstall } from './install-wire.ts';
import type { InstallAnswer, InstallFlag, InstallRequest } from './install-wire.ts';
import type { ReceiverFile } from './receiver-file.ts';

export interface InstallOptions {
  readonly transport: Transport;
  readonly endpoint: Endpoint;
  readonly kinds: readonly TargetKind[];
  readonly flags?: readonly InstallFlag[];
  /** Whose home the targets are looked for in, where an admin logs in as somebody else. */
  readonly login?: string;
  readonly deadlineMs?: number;
  /** Default: the receiver of this release. */
  readonly receiver?: ReceiverFile;
  readonly random?: Random;
}

/** How an installation ended; `public_domain` and `targets` of the answer are what the probe of the node found. */
export type Installed =
  | { readonly ok: true; readonly answer: InstallAnswer }
  | {
      readonly ok: false;
      readonly cause: CauseClass;
      readonly evidence: string;
      readonly reachable: boolean;
    };

/** What travels: the script, and the receiver where it is to be installed. */
export interface Cargo {
  readonly version: string;
  readonly receiver: { readonly installer: Buffer; readonly bytes: Buffer | undefined };
}

/** `lower` is the version on the node where ours is the lower one. */
export type Sent = Installed & { readonly lower?: string };

/** Runs the installation script on a node and judges its answer. */
export async function sendInstall(options: InstallOptions, cargo: Cargo, signal: AbortSignal): Promise<Sent> {
  const { transport, endpoint, kinds, flags = [], deadlineMs = 60_000, random = systemRandom } = options;
  const request: InstallRequest = {
    nonce: random.hex(16),
    installer: cargo.receiver.installer,
    version: cargo.version,
    receiver: cargo.receiver.bytes,
    kinds,
    login: options.login ?? endpoint.user,
    flags,
  };
  const exchange = {
    program: 'install',
    stdin: encodeInstall(request),
    deadlineMs,
    maxOutputBytes: 262_144,
  } as const;
  try {
    return judge(await transport.exchange(endpoint, exchange, signal), request.nonce);
  } catch (error) {
    if (!(error instanceof TransportFailure)) throw error;
    return { ok: false, cause: error.causeClass, evidence: error.message, reachable: error.reached };
  }
}

function judge(result: ExchangeResult, nonce: string): Sent {
  const answer = decodeInstall(result.stdout, nonce);
  if (answer === undefined) return withoutAnswer(result);
  if (result.exitCode === 0 && (answer.result === 'ENROLLED' || answer.result === 'REMOVED'))
    return { ok: true, answer };
  const evidence = evidenceOf(answer.text === '' ? answer.result : `${answer.result}: ${answer.text}`);
  const failed = { ok: false, cause: causeOfResult(answer), evidence, reachable: true } as const;
  return answer.result === 'LOWER' ? { ...failed, lower: answer.previous } : failed;
}

const causeByResult: Readonly<Record<string, CauseClass>> = {
  MISSING: 'requirements',
  BROKEN: 'requirements',
  BUSY: 'busy',
  TRUNCATED: 'transfer',
  ALTERED: 'transfer',
  IO: 'io',
  DIFFERS: 'receiver_outdated',
  LOWER: 'receiver_outdated',
  REQUEST: 'rejected_request',
};

function causeOfResult({ result, missing }: InstallAnswer): CauseClass {
  const onlyTarget = missing.length > 0 && missing.every((name) => name.startsWith('target:'));
  return onlyTarget ? 'target_unknown' : (causeByResult[result] ?? 'internal');
}

/** A key with a forced command runs the receiver whatever we ask for, and that refuses a script as a request. */
function withoutAnswer(result: ExchangeResult): Sent {
  if (result.stdout.includes('"result":"REQUEST"')) {
    const evidence = 'our key is restricted to the receiver and may not install';
    return { ok: false, cause: 'receiver_outdated', evidence, reachable: true };
  }
  const foreign = classifyExit(result);
  const evidence = foreign?.evidence ?? `no answer of the installation, exit ${String(result.exitCode)}`;
  // For `bash -s` a missing program is bash itself; that the receiver is missed says that our key runs nothing else.
  const isBash =
    foreign?.cause === 'receiver_missing' && !foreign.evidence.includes('/sync-controller/receive');
  const cause = isBash ? 'requirements' : (foreign?.cause ?? 'no_receipt');
  return { ok: false, cause, evidence, reachable: true };
}
