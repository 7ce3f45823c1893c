import type { Bundle } from '../model/bundle.ts';
import { servedClaim, type Claims } from '../model/claims.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { HostsEntry } from './hosts-block.ts';
import { hostsForm } from './targets/hosts.ts';
import { namesBundle, type NamesForm } from './targets/names.ts';

const prefix = 'hosts/';

/** The document of every served name of the cluster, each once. */
export function renderNames(
  form: NamesForm,
  {
    snapshot,
    claims,
    clusterId,
  }: { readonly snapshot: Snapshot; readonly claims: Claims; readonly clusterId: string },
): Bundle {
  const entries: HostsEntry[] = [];
  for (const [key, list] of claims) {
    const claim = key.startsWith(prefix) ? servedClaim(list, snapshot.holders.get(key)) : undefined;
    if (claim !== undefined) entries.push({ ip: claim.target, name: key.slice(prefix.length) });
  }
  return namesBundle(form, clusterId, entries);
}

/** A managed block of given lines. */
export function hostsBundle(clusterId: string, entries: readonly HostsEntry[]): Bundle {
  return namesBundle(hostsForm, clusterId, entries);
}
