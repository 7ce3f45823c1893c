import { waited, type Clock } from '../lib/clock.ts';
import type { NodeId } from '../model/node.ts';
import type { Visits } from '../transport/visits.ts';

export interface SilenceParts {
  readonly visits: Pick<Visits, 'sightOf'>;
  /** The nodes that are to come. */
  readonly ids: () => readonly NodeId[];
  readonly clock: Clock;
  /** A node that was not here for this long is silent. */
  readonly silentMs: number;
  readonly onSilent: (id: NodeId) => void;
}

/** Tells once of each node that used to come and has fallen silent, until the signal fires. One that never came is found by its first push. */
export async function watchSilence(parts: SilenceParts, signal: AbortSignal): Promise<void> {
  const { visits, ids, clock, silentMs, onSilent } = parts;
  const silent = new Set<NodeId>();
  while (await waited(clock, Math.max(100, silentMs / 8), signal)) {
    for (const id of ids()) {
      const sight = visits.sightOf(id);
      if (sight === undefined || sight.here || clock.monotonic() - sight.atMs < silentMs) silent.delete(id);
      else if (!silent.has(id)) {
        silent.add(id);
        onSilent(id);
      }
    }
  }
}
