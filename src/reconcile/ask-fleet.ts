import type { NodeId } from '../model/node.ts';
import type { Random } from '../lib/random.ts';
import { askEpoch } from '../push/ask-epoch.ts';
import type { Transport } from '../transport/transport.ts';
import type { Fleet } from './fleet.ts';
import type { EndpointOf } from './ports.ts';

export interface AskParts {
  readonly fleet: Fleet;
  readonly transport: Transport;
  readonly endpointOf: EndpointOf;
  readonly random: Random;
  readonly clusterId: string;
  readonly termAskMs: number;
}

/** The highest epoch any of the nodes has accepted from us; all are asked at once, a silent one is not waited for. */
export async function askFleet(
  ids: readonly NodeId[],
  parts: AskParts,
  signal: AbortSignal,
): Promise<number> {
  const heard = await Promise.all(
    ids.map(async (id) => {
      const plan = parts.fleet.planOf(id);
      const kind = plan?.bundles[0]?.kind;
      if (plan === undefined || kind === undefined) return 0;
      const endpoint = await parts.endpointOf(plan.node).catch(() => undefined);
      if (endpoint === undefined) return 0;
      const lane = { ...parts, endpoint, deadlineMs: parts.termAskMs };
      return (await askEpoch(lane, kind, parts.termAskMs, signal).catch(() => undefined)) ?? 0;
    }),
  );
  return Math.max(0, ...heard);
}
