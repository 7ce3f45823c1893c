import type { NodeDiff, NodePlan } from '../model/plan.ts';
import type { Random } from '../lib/random.ts';
import { call, isFailed } from '../push/exchange.ts';
import { causeForResult } from '../push/causes.ts';
import { diffBundle } from '../plan/diff.ts';
import type { Transport } from '../transport/transport.ts';
import type { EndpointOf, NodeMemory } from './ports.ts';
import { placed, type Slots } from './slots.ts';

export interface ObserveParts {
  readonly transport: Transport;
  readonly endpointOf: EndpointOf;
  readonly memory: NodeMemory;
  readonly slots: Slots;
  readonly random: Random;
  readonly clusterId: string;
  readonly deadlineMs: number;
}

/** Reads what a node holds with `check` and says how it differs from its plan. Writes nothing anywhere. */
export async function observe(plan: NodePlan, parts: ObserveParts, signal: AbortSignal): Promise<NodeDiff> {
  const endpoint = await parts.endpointOf(plan.node);
  const lane = {
    transport: parts.transport,
    endpoint,
    clusterId: parts.clusterId,
    random: parts.random,
    deadlineMs: parts.deadlineMs,
  };
  const diffs: string[] = [];
  let installed: NodeDiff['installed'];
  for (const bundle of plan.bundles) {
    const position = { epoch: 0, writer: '00000000', seq: 0 };
    const answer = await placed(endpoint, parts.slots, () =>
      call(lane, { mode: 'check', kind: bundle.kind, position, flags: ['content'] }, signal),
    );
    if (isFailed(answer)) return unknown(plan, `${answer.cause}: ${answer.evidence}`);
    const refused = causeForResult(answer.result);
    if (refused !== undefined) return unknown(plan, `${refused}: ${answer.text}`);
    installed ??= answer.after?.sha as NodeDiff['installed'];
    if (answer.after?.sha === bundle.digest) continue;
    diffs.push(diffBundle(bundle, answer.bodies.get('content')?.toString('utf8') ?? ''));
  }
  const diff = diffs.join('\n');
  return {
    id: plan.id,
    state: diffs.length === 0 ? 'in-sync' : 'changes',
    reason: undefined,
    diff,
    installed,
  };
}

/** The same from the last receipt alone, for nodes nobody should wait for. */
export function observeOffline(plan: NodePlan, memory: NodeMemory): NodeDiff {
  for (const bundle of plan.bundles) {
    const installed = memory.recall(plan.id, bundle.kind)?.installed;
    if (installed === undefined) return unknown(plan, 'no receipt of this node is remembered');
    if (installed !== bundle.digest) {
      return {
        id: plan.id,
        state: 'changes',
        reason: `last receipt ${installed.slice(0, 12)}, plan ${bundle.digest.slice(0, 12)}`,
        diff: '',
        installed,
      };
    }
  }
  return { id: plan.id, state: 'in-sync', reason: undefined, diff: '', installed: plan.bundles[0]?.digest };
}

function unknown(plan: NodePlan, reason: string): NodeDiff {
  return { id: plan.id, state: 'unknown', reason, diff: '', installed: undefined };
}
