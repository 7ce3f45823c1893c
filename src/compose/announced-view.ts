import { pathIn } from '../model/registry-shares.ts';
import type { HeldRemoval } from '../model/plan.ts';
import type { Finding, RawObject, RegistryObject, Snapshot } from '../model/snapshot.ts';
import type { Registries } from '../registry/registry.ts';

/** The registries of one cluster, as they are to be spoken of beside them. */
export interface AnnouncedView {
  readonly objects: ReadonlyMap<RegistryObject, RawObject>;
  /** Of this cluster alone; the path of each begins with `place` and the name of its object. */
  readonly findings: readonly Finding[];
  readonly place: string;
  /** Withheld removals that its edits have brought. */
  held(all: readonly HeldRemoval[]): readonly HeldRemoval[];
  /** What is in force of it. */
  own(effective: Snapshot): Snapshot;
}

/** What is to be said of the only source, or of one of several; undefined while it cannot be read. */
export function announcedView(registry: Registries, share: string | undefined): AnnouncedView | undefined {
  const { snapshot, objects, sourceState } = registry.current();
  if (share === undefined) {
    if (snapshot === undefined || objects === undefined || sourceState !== 'fresh') return undefined;
    return {
      objects,
      findings: snapshot.findings,
      place: '',
      held: (all) => all,
      own: (effective) => effective,
    };
  }
  const shares = registry.shares?.() ?? [];
  const now = shares.find(({ name }) => name === share);
  const known = now?.snapshot;
  if (snapshot === undefined || now?.objects === undefined || known === undefined) return undefined;
  const place = pathIn(share, '');
  const isHome = shares[0] === now;
  return {
    objects: now.objects,
    findings: snapshot.findings.filter(({ path }) => path.startsWith(place)),
    place,
    // What no share is to blame for alone is said beside our own objects.
    held: (all) => all.filter(({ source }) => source === share || (source === undefined && isHome)),
    own: (effective) => ({ ...known, ...entriesOf(effective, share) }),
  };
}

/** A removal that is withheld of a source is not yet in force, whatever the source says. */
function entriesOf(effective: Snapshot, share: string): Pick<Snapshot, 'services' | 'nodes' | 'domains'> {
  const own = <K, V extends { readonly source?: string }>(entries: ReadonlyMap<K, V>): ReadonlyMap<K, V> =>
    new Map([...entries].filter(([, { source }]) => source === share));
  return {
    services: own(effective.services),
    nodes: own(effective.nodes),
    domains: own(effective.domains),
  };
}
