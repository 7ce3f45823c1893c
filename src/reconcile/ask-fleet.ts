import type { Clock } from '../lib/clock.ts';
import type { NodeId } from '../model/node.ts';
import type { Random } from '../lib/random.ts';
import { askEpoch } from '../push/ask-epoch.ts';
import type { Transport } from '../transport/transport.ts';
import type { Fleet } from './fleet.ts';
import type { EndpointOf } from './ports.ts';

export interface AskParts {
  readonly fleet: Pick<Fleet, 'planOf'>;
  readonly transport: Transport;
  readonly endpointOf: EndpointOf;
  readonly random: Random;
  readonly clock: Clock;
  readonly clusterId: string;
  readonly deadlineMs: number;
  readonly termAskMs: number;
}

/**
 * The highest epoch that the nodes which answer within `termAskMs` have accepted from us; all are asked at once.
 * A node that is late is not cut off: that would end the session that is just being opened, and the push after it would log in again.
 */
export async function askFleet(
  ids: readonly NodeId[],
  parts: AskParts,
  signal: AbortSignal,
): Promise<number> {
  let highest = 0;
  const all = ids.map(async (id) => {
    const heard = await ask(id, parts, signal).catch(() => undefined);
    highest = Math.max(highest, heard ?? 0);
  });
  const answered = new AbortController();
  const late = parts.clock.sleep(parts.termAskMs, AbortSignal.any([answered.signal, signal]));
  await Promise.race([Promise.all(all), late.catch(() => undefined)]);
  answered.abort();
  return highest;
}

async function ask(id: NodeId, parts: AskParts, signal: AbortSignal): Promise<number | undefined> {
  const plan = parts.fleet.planOf(id);
  const kind = plan?.bundles[0]?.kind;
  if (plan === undefined || kind === undefined) return undefined;
  const endpoint = await parts.endpointOf(plan.node);
  return askEpoch({ ...parts, endpoint }, kind, parts.deadlineMs, signal);
}
