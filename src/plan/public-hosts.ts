import { claimsOf } from '../model/claims.ts';
import { publicDomainOf } from '../model/host-names.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { multiDomainEntries, singleDomainEntries } from './public-entries.ts';

/** Every public host name with the VPS that serves it, as `name on address`. */
export function publicHosts(snapshot: Snapshot): ReadonlySet<string> {
  const claims = claimsOf(snapshot);
  const routed = [...snapshot.routes.values()];
  const hosts = new Set<string>();
  for (const node of snapshot.nodes.values()) {
    if (node.type !== 'vps_nodes') continue;
    const vps = node.address;
    const domain = publicDomainOf(node, snapshot);
    const here = (): readonly string[] => routed.filter((route) => route.vpsNodes.includes(vps)).map((route) => route.service);
    const entries = snapshot.multiDomain
      ? multiDomainEntries(snapshot, claims, { vps, routed: here() })
      : domain === undefined
        ? []
        : singleDomainEntries(snapshot, claims, domain);
    for (const entry of entries) hosts.add(`${entry.host} on ${vps}`);
  }
  return hosts;
}

/** The public host names that one snapshot has and another one has not. */
export function lostHosts(before: Snapshot, after: Snapshot): { readonly lost: readonly string[]; readonly total: number } {
  const was = publicHosts(before);
  const is = publicHosts(after);
  return { lost: [...was].filter((host) => !is.has(host)), total: was.size };
}
