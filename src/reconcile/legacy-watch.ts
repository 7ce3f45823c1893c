import type { NodeId } from '../model/node.ts';
import type { Outcome } from '../model/outcome.ts';
import type { Node } from '../model/node.ts';
import { isoSeconds, type Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { DriftRule } from '../model/rollout.ts';

/** So many repairs of what the predecessor's tools wrote, in so long, are a fight that nobody wins. */
const repairs = 3;
const withinMs = 3_600_000;

/** Who freezes a node by itself, as a rule of drift names it. */
const ourselves = 'sync-controller';
const reason = 'legacy_writer: ';

/** True for a freeze that no person has ordered: older tools write there. */
export function isLegacyFreeze({ mode, who, why }: DriftRule): boolean {
  return mode === 'freeze' && who === ourselves && why?.startsWith(reason) === true;
}

/** Counts how often a node had to be repaired after the predecessor's tools, and leaves it alone when that goes on. */
export class LegacyWatch {
  private readonly seen = new Map<NodeId, readonly number[]>();
  private readonly parts: {
    readonly clock: Clock;
    readonly log: Logger;
    readonly freeze: (rule: DriftRule) => Promise<void>;
  };

  constructor(parts: LegacyWatch['parts']) {
    this.parts = parts;
  }

  /** Takes note of an attempt. @returns true where the node was frozen by it. */
  async note(node: Node, outcome: Outcome): Promise<boolean> {
    if (!outcome.ok || !outcome.changed || !outcome.notes.includes('legacy_writer')) return false;
    const { clock, log, freeze } = this.parts;
    const now = clock.now();
    const recent = [...(this.seen.get(node.id) ?? []).filter((at) => now - at < withinMs), now];
    this.seen.set(node.id, recent);
    log.warn("the predecessor's tools wrote into our target; it was repaired", {
      node: node.id,
      repairs: recent.length,
    });
    if (recent.length < repairs) return false;
    this.seen.delete(node.id);
    const why = `${reason}an older tool wrote into our target ${String(repairs)} times within an hour`;
    await freeze({ node: node.id, mode: 'freeze', who: ourselves, why, since: isoSeconds(now) });
    log.error('the node is frozen: find and end what writes there, then take the freeze back', {
      node: node.id,
      end: `syncctl drift ${node.name} correct`,
    });
    return true;
  }
}
