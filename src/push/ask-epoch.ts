import type { TargetKind } from '../model/bundle.ts';
import { call, isFailed, type Lane } from './exchange.ts';

/** Asks one node for the highest epoch it has accepted from this cluster: 0 when it has none, undefined when it does not answer in time. */
export async function askEpoch(
  lane: Lane,
  kind: TargetKind,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<number | undefined> {
  const position = { epoch: 0, writer: '00000000', seq: 0 };
  const answer = await call(lane, { mode: 'check', kind, position, deadlineMs }, signal);
  if (isFailed(answer)) return undefined;
  return answer.fence?.epoch ?? 0;
}
