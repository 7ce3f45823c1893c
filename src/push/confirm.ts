import type { Bundle } from '../model/bundle.ts';
import type { NodeId } from '../model/node.ts';
import type { Outcome } from '../model/outcome.ts';
import type { Position } from '../model/term.ts';
import { fallbackFor } from '../plan/fallback.ts';
import type { Receipt } from '../wire/receipt.ts';
import { causeForResult } from './causes.ts';
import { call, isFailed, type Call, type Lane } from './exchange.ts';

/** A change that the node takes back by itself unless it is confirmed. */
export interface Armed {
  readonly confirmSeconds: number;
  readonly fallback: Buffer;
}

/** What secures a change over these bytes; `nothing` where taking it back would change nothing, `impossible` where the bytes are not ours. */
export function armFor(
  bundle: Bundle,
  baseline: Receipt,
  confirmSeconds: number,
): Armed | 'nothing' | 'impossible' {
  if (baseline.after?.sha === 'absent') return { confirmSeconds, fallback: Buffer.alloc(0) };
  const content = baseline.bodies.get('content')?.toString('utf8');
  const fallback = content === undefined ? undefined : fallbackFor(bundle, content);
  if (fallback === undefined) return 'impossible';
  return fallback === bundle.bytes ? 'nothing' : { confirmSeconds, fallback: Buffer.from(fallback) };
}

/** Confirms a verified change over a new connection, which proves that the change has not cut the way. */
export async function confirmChange(
  verified: Outcome,
  what: {
    readonly lane: Lane;
    readonly kind: Call['kind'];
    readonly position: Position;
    readonly confirmSeconds: number;
  },
  signal: AbortSignal,
): Promise<Outcome> {
  const { lane, kind, position, confirmSeconds } = what;
  const until = `the node takes it back within ${String(confirmSeconds)} s`;
  // What was undone by us already is another request, and ends the timer of this one.
  if (!verified.ok)
    return verified.cause === 'restored' || verified.cause === 'restore_failed'
      ? verified
      : { ...verified, evidence: `${verified.evidence}; not confirmed, ${until}` };
  const answer = await call(lane, { mode: 'confirm', kind, position, fresh: true }, signal);
  const lost = { ok: false, id: verified.id, cause: 'unconfirmed', facts: verified.facts } as const;
  if (isFailed(answer))
    return { ...lost, reachable: false, evidence: `${answer.cause}: ${answer.evidence}; ${until}` };
  if (causeForResult(answer.result) !== undefined)
    return { ...lost, reachable: true, evidence: `${answer.result}: ${answer.text}` };
  return { ...verified, notes: [...verified.notes, 'confirmed'] };
}

/** A change that was to be secured and cannot be is not made at all. */
export function unsecured(id: NodeId): Outcome {
  const evidence =
    'the managed bytes cannot be read as ours, so the node could not take the change back; push without a confirmation';
  return { ok: false, id, cause: 'unconfirmed', evidence, reachable: true, facts: undefined };
}
