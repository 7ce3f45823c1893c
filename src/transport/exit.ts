import { evidenceOf } from '../lib/text.ts';
import type { CauseClass } from '../model/cause.ts';
import { receiverPath } from './programs.ts';
import type { ExchangeResult } from './transport.ts';

/** An exit that no receiver made, and what it means. */
export interface ForeignExit {
  readonly cause: CauseClass;
  readonly evidence: string;
}

type Ended = Pick<ExchangeResult, 'exitCode' | 'signal' | 'stderr' | 'stdout'>;

/** Codes that belong to ssh, sudo and the shell; a receiver never uses them. */
const foreignCodes: ReadonlySet<number | undefined> = new Set([undefined, 1, 2, 126, 127, 255]);

/**
 * What went wrong before a receiver could answer; undefined for exit codes of a receiver.
 * An exit without a code is `no_receipt`: the outcome is unknown.
 */
export function classifyExit(ended: Ended): ForeignExit | undefined {
  if (!foreignCodes.has(ended.exitCode)) return undefined;
  return { cause: causeOfExit(ended), evidence: evidenceOfExit(ended) };
}

function causeOfExit({ exitCode, stderr }: Ended): CauseClass {
  if (exitCode === 127)
    return /\bsudo\b/u.test(stderr) && !stderr.includes(receiverPath) ? 'sudo' : 'receiver_missing';
  // A script whose interpreter is missing cannot be executed either.
  if (exitCode === 126) return /interpreter/iu.test(stderr) ? 'requirements' : 'receiver_missing';
  if (exitCode === 1) return causeOfSudo(stderr);
  return 'no_receipt';
}

/** sudo speaks the node's language; its name and our path are the same in all of them. */
function causeOfSudo(stderr: string): CauseClass {
  const said = stderr
    .split('\n')
    .filter((line) => line.startsWith('sudo:') && !line.startsWith('sudo: unable to resolve'));
  if (said.some((line) => line.includes(receiverPath))) return 'receiver_missing';
  return said.length > 0 || /sudoers|not allowed to execute|requiretty/iu.test(stderr)
    ? 'sudo'
    : 'no_receipt';
}

function evidenceOfExit({ exitCode, signal, stderr, stdout }: Ended): string {
  const how = exitCode === undefined ? (signal ?? 'no exit status') : `exit ${String(exitCode)}`;
  const said = stderr === '' ? stdout.subarray(0, 400).toString('utf8') : stderr;
  return evidenceOf(said.trim() === '' ? how : `${how}: ${said}`);
}
