import type { Logger } from '../lib/logger.ts';
import type { ClusterMemory } from '../registry/cluster-memory.ts';
import type { TermHolder } from './term-holder.ts';

/** What tells to which cluster a source belongs. */
export interface ClusterGround {
  readonly store: { read(): Promise<{ readonly clusterId: string }> };
  /** What the state directory knows of this very source. */
  readonly memory: ClusterMemory;
  readonly terms: Pick<TermHolder, 'recallClusterId'>;
  /** Where the source is, for people. */
  readonly location: string;
  readonly log: Pick<Logger, 'warn'>;
}

/**
 * The cluster's id from the term store; with the store down, the one of the own last term, where that term was one of this source.
 * @throws what the store says, where nothing is remembered of this source.
 */
export async function ownCluster(ground: ClusterGround): Promise<string> {
  const { store, memory, terms, location, log } = ground;
  const known = await terms.recallClusterId();
  try {
    const { clusterId } = await store.read();
    if (known !== undefined && known !== clusterId)
      log.warn('the state directory last served another cluster; nothing of its term is used', {
        cluster: clusterId,
        before: known,
      });
    return clusterId;
  } catch (error) {
    if (known === undefined) throw error;
    // Under the id of another cluster nodes would take us for a stranger, or, worse, for that cluster.
    if ((await memory.recall()) !== known) {
      log.warn('the state directory last served another source; nothing of it can stand in for this one', {
        source: location,
        before: known,
      });
      throw error;
    }
    log.warn('the term store cannot be read; going on with the remembered cluster id', { error });
    return known;
  }
}
