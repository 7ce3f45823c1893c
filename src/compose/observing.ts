import type { Settings } from '../config/settings.ts';
import { SyncError } from '../lib/errors.ts';
import { systemRandom } from '../lib/random.ts';
import type { Observer } from '../reconcile/observer.ts';
import type { Slots } from '../reconcile/slots.ts';
import type { ClusterMemory } from '../registry/cluster-memory.ts';
import type { Source } from '../registry/source.ts';
import { clusterIdFor, type TermStore } from '../registry/term-store.ts';
import type { EndpointOf } from '../reconcile/ports.ts';
import type { Transport } from '../transport/transport.ts';

/** What looks in place of pushing, where the settings say that nothing may be written; loaded only then. */
export async function observerFor(
  settings: Settings,
  way: { readonly transport: Transport; readonly endpointOf: EndpointOf },
  slots: Slots,
): Promise<Observer | undefined> {
  if (!settings.observeOnly) return undefined;
  const [{ observerOf }, { surveyorOf }] = await Promise.all([
    import('../reconcile/observer.ts'),
    import('./surveyor.ts'),
  ]);
  return observerOf({ survey: surveyorOf(settings, way), slots });
}

/** A source that can only be read, whatever part asks it to write. What would be kept in our own objects is lost with this process. */
export function readOnly(source: Source): Source {
  return {
    read: (signal) => source.read(signal),
    watch: (onHint, signal) => source.watch(onHint, signal),
    edit: (object) => Promise.reject(observing(object)),
    own: {
      read: (name, signal) => source.own.read(name, signal),
      swap: (name) => Promise.reject(observing(name)),
      patch: () => Promise.resolve(),
    },
    health: () => source.health(),
    recall: (objects) => source.recall?.(objects),
    loadBalancers: (signal) => source.loadBalancers(signal),
    close: () => source.close(),
  };
}

function observing(object: string): SyncError {
  return new SyncError(
    'conflict',
    `${object}: expected a controller that may write, got one that only observes; nothing was written`,
    { remedy: 'syncctl adopt' },
  );
}

/** The cluster's id; where none was minted yet, the one that the first term will mint, kept in the state directory alone. */
export async function provisionalCluster(store: TermStore, memory: ClusterMemory): Promise<string> {
  const known = (await store.peek())?.clusterId;
  if (known !== undefined) return known;
  const id = await clusterIdFor(memory, systemRandom);
  await memory.note(id);
  return id;
}
