import type { NodeId } from '../model/node.ts';
import type { NodeFacts, Outcome } from '../model/outcome.ts';
import type { Receipt } from '../wire/receipt.ts';
import { causeForResult } from './causes.ts';
import type { NoReceipt } from './exchange.ts';
import type { Verdict } from './verify.ts';

/** A node that gave no receipt. */
export function unanswered(id: NodeId, answer: NoReceipt): Outcome {
  const { cause, evidence, reachable, shownKey } = answer;
  const shown = shownKey === undefined ? {} : { shownKey };
  return { ok: false, id, cause, evidence, reachable, facts: undefined, ...shown };
}

/** A node whose receiver refused the request. */
export function refused(id: NodeId, receipt: Receipt): Outcome {
  const { fence, result, text } = receipt;
  const told =
    fence === null
      ? ''
      : `; the node's fence is epoch ${String(fence.epoch)}, writer ${fence.writer}, seq ${String(fence.seq)}`;
  return {
    ok: false,
    id,
    cause: causeForResult(result) ?? 'internal',
    evidence: `${result}${text === '' ? '' : `: ${text}`}${told}`,
    reachable: true,
    facts: factsOf(receipt),
    ...(fence === null ? {} : { fence: { epoch: fence.epoch, writer: fence.writer } }),
  };
}

/** A node that holds other bytes and is only observed. */
export function drifted(id: NodeId, seen: Receipt, expected: string): Outcome {
  const sha = (seen.after?.sha ?? 'nothing').slice(0, 12);
  const evidence = `managed bytes are ${sha}, expected ${expected.slice(0, 12)}`;
  const cause = isLegacy(seen) ? 'legacy_writer' : 'drift_observed';
  return { ok: false, id, cause, evidence, reachable: true, facts: factsOf(seen) };
}

/** A node that took the bytes and whose ladder does not prove them. */
export function unproved(
  id: NodeId,
  { cause, evidence }: Verdict & { ok: false },
  receipt: Receipt,
): Outcome & { ok: false } {
  return { ok: false, id, cause, evidence, reachable: true, facts: factsOf(receipt) };
}

/** What is worth telling of a node that is current. `knew`: it accepted a push of ours before. */
export function notesOf(receipt: Receipt, knew: boolean): readonly string[] {
  const notes: string[] = [];
  if (receipt.first === true && knew) notes.push('node_reset');
  if (receipt.installed?.atomic === false) notes.push('nonatomic');
  // What stood there before our first push is taken over; what comes back later is a fight.
  if (isLegacy(receipt)) notes.push(knew ? 'legacy_writer' : 'legacy_replaced');
  return notes;
}

/** True where the predecessor's tools wrote into the target. */
export function isLegacy({ facts }: Receipt): boolean {
  return (facts.legacy ?? 0) > 0;
}

export function factsOf(receipt: Receipt): NodeFacts {
  const { receiver, boot, clock, hostname, path } = receipt.facts;
  return { receiver, boot, clock, hostname, path };
}
