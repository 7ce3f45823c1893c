import type { TargetKind } from '../model/bundle.ts';
import type { Position } from '../model/term.ts';
import { causeForResult } from './causes.ts';
import { call, type Answer, type Lane } from './exchange.ts';

/** Takes a target off a node: applies the empty document and reads back that nothing of ours is left. */
export async function withdraw(
  lane: Lane,
  kind: TargetKind,
  nextPosition: () => Position,
  signal: AbortSignal,
): Promise<Answer> {
  const answer = await call(
    lane,
    { mode: 'apply', kind, position: nextPosition(), document: Buffer.alloc(0) },
    signal,
  );
  if ('failed' in answer)
    return answer.cause === 'receiver_missing'
      ? { ...answer, evidence: `${answer.evidence}; nothing of ours can be withdrawn without it` }
      : answer;
  const cause = causeForResult(answer.result);
  if (cause !== undefined)
    return { failed: true, cause, evidence: `${answer.result}: ${answer.text}`, reachable: true };
  if (answer.after?.sha !== 'absent')
    return {
      failed: true,
      cause: 'drift',
      evidence: 'the target is still there after its withdrawal',
      reachable: true,
    };
  return answer;
}
