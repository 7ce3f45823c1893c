import type { Settings } from '../config/settings.ts';
import { systemRandom } from '../lib/random.ts';
import type { Observer } from '../reconcile/observer.ts';
import type { Slots } from '../reconcile/slots.ts';
import type { ClusterMemory } from '../registry/cluster-memory.ts';
import type { OwnObjects } from '../registry/source.ts';
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

/** Our own objects, which are only read: what would be kept in them is lost with this process. */
export function withoutWrites(own: OwnObjects): Pick<OwnObjects, 'read' | 'patch'> {
  return { read: (name, signal) => own.read(name, signal), patch: () => Promise.resolve() };
}

/** The cluster's id; where none was minted yet, the one that the first term will mint, kept in the state directory alone. */
export async function provisionalCluster(store: TermStore, memory: ClusterMemory): Promise<string> {
  const known = (await store.peek())?.clusterId;
  if (known !== undefined) return known;
  const id = await clusterIdFor(memory, systemRandom);
  await memory.note(id);
  return id;
}
