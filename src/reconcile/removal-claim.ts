import type { NodeId } from '../model/node.ts';
import type { ControllerParts } from './parts.ts';
import type { Claim } from './removal.ts';

/** Whether a tombstone still speaks for a node: not where its row is there again. */
export function claimOn(id: NodeId, { registry, fleet }: Pick<ControllerParts, 'registry' | 'fleet'>): Claim {
  const { snapshot, sourceState } = registry.current();
  if (fleet.isRemoving(id)) return 'underway';
  if (snapshot?.nodes.has(id) !== true) return 'gone';
  // A row of a last good state may be older than the removal.
  return sourceState === 'fresh' ? 'registered' : 'unsure';
}
