import type { Snapshot } from '../model/snapshot.ts';
import { lostDomains, lostNodes, lostServices } from './guard-entries.ts';
import type { GuardCheck } from './guard-types.ts';

/** With several sources each share is guarded by itself: what is little of the whole may be all of one cluster. */
export function shareChecks(base: Snapshot, current: Snapshot): readonly GuardCheck[] {
  const { sources = [] } = current;
  if (sources.length < 2) return [];
  return sources.flatMap(({ name }) =>
    [lostServices, lostNodes, lostDomains].map((check): GuardCheck => (_, effective, limits) => {
      const candidate = check(shareOf(base, name), effective, limits);
      return candidate === undefined
        ? undefined
        : { ...candidate, reason: `${candidate.reason} of the source ${name}`, source: name };
    }),
  );
}

/** What is in force of sources of which nothing could ever be read in this life: it stays until they say otherwise. */
export function withUnread(base: Snapshot | undefined, current: Snapshot): Snapshot {
  const unread = new Set(
    (current.sources ?? []).filter(({ state }) => state === 'none').map(({ name }) => name),
  );
  if (base === undefined || unread.size === 0) return current;
  const kept = <V extends { readonly source?: string }, K>(
    before: ReadonlyMap<K, V>,
    now: ReadonlyMap<K, V>,
  ): ReadonlyMap<K, V> => {
    const theirs = [...before].filter(([, one]) => one.source !== undefined && unread.has(one.source));
    return new Map([...theirs, ...now]);
  };
  const services = kept(base.services, current.services);
  const routes = [...base.routes].filter(([name]) => unread.has(services.get(name)?.source ?? ''));
  return {
    ...current,
    services,
    nodes: kept(base.nodes, current.nodes),
    domains: kept(base.domains, current.domains),
    routes: current.multiDomain ? new Map([...routes, ...current.routes]) : current.routes,
  };
}

function shareOf(snapshot: Snapshot, source: string): Snapshot {
  const own = <K, V extends { readonly source?: string }>(entries: ReadonlyMap<K, V>): ReadonlyMap<K, V> =>
    new Map([...entries].filter(([, one]) => one.source === source));
  return {
    ...snapshot,
    services: own(snapshot.services),
    nodes: own(snapshot.nodes),
    domains: own(snapshot.domains),
  };
}
