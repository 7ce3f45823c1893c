import { digestOf, type Bundle } from '../model/bundle.ts';
import { servedClaim, type Claims } from '../model/claims.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { emitHosts, type HostsEntry } from './hosts-block.ts';

const prefix = 'hosts/';

/** The managed block of /etc/hosts: every served name of the cluster, once. */
export function renderHosts(snapshot: Snapshot, claims: Claims, clusterId: string): Bundle {
  const entries: HostsEntry[] = [];
  for (const [key, list] of claims) {
    const claim = key.startsWith(prefix) ? servedClaim(list, snapshot.holders.get(key)) : undefined;
    if (claim !== undefined) entries.push({ ip: claim.target, name: key.slice(prefix.length) });
  }
  return hostsBundle(clusterId, entries);
}

/** A bundle of given lines. */
export function hostsBundle(clusterId: string, entries: readonly HostsEntry[]): Bundle {
  const bytes = emitHosts(clusterId, entries);
  const sorted = entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return {
    kind: 'hosts',
    bytes,
    digest: digestOf(bytes),
    names: sorted.map((entry) => entry.name),
    expectation: { kind: 'hosts', names: sorted.map(({ name, ip }) => ({ name, ip })) },
  };
}
