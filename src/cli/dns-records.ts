import { claimsOf, servedClaim, subdomainKey, type Claims } from '../model/claims.ts';
import { publicDomainOf, publicName } from '../model/host-names.ts';
import type { Node } from '../model/node.ts';
import { isEdge } from '../model/node-types.ts';
import type { Strategy } from '../model/service.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { multiDomainEntries, singleDomainEntries } from '../plan/public-entries.ts';

/** One record that the public DNS of a domain should have. */
export interface DnsRecord {
  readonly host: string;
  readonly type: 'A' | 'AAAA';
  readonly address: string;
  readonly vps: string;
  readonly service: string;
  readonly strategy: Strategy;
  /** What the strategy makes of it: `1`, `primary`, `backup 1`, `clients near eu`. */
  readonly role: string;
}

/** The records of every public host, in the order that the strategies of the routes give. What nodes serve does not depend on it. */
export function dnsRecords(snapshot: Snapshot): {
  readonly records: readonly DnsRecord[];
  readonly missing: readonly string[];
} {
  const missing = new Set<string>();
  const records: DnsRecord[] = [];
  for (const { host, service, vps } of hostsByVps(snapshot)) {
    const strategy = snapshot.routes.get(service)?.strategy ?? 'round-robin';
    const known = vps.filter((address) => {
      const has = (snapshot.vpsRecords.get(address)?.publicIp ?? '') !== '';
      if (!has) missing.add(address);
      return has;
    });
    known.forEach((address, index) => {
      const { publicIp = '', location = '' } = snapshot.vpsRecords.get(address) ?? {};
      records.push({
        host,
        type: publicIp.includes(':') ? 'AAAA' : 'A',
        address: publicIp,
        vps: address,
        service,
        strategy,
        role: roleOf(strategy, index, location),
      });
    });
  }
  return { records, missing: [...missing] };
}

function roleOf(strategy: Strategy, index: number, location: string): string {
  switch (strategy) {
    case 'round-robin':
      return 'all at once';
    case 'primary-backup':
      return index === 0 ? 'primary' : `backup ${String(index)}`;
    case 'geo':
      return location === '' ? 'no location is registered' : `clients near ${location}`;
  }
}

interface Hosted {
  readonly host: string;
  readonly service: string;
  vps: string[];
}

/** Every public host with the VPS nodes that serve it, in the order of its route. */
function hostsByVps(snapshot: Snapshot): readonly Hosted[] {
  const claims = claimsOf(snapshot);
  const hosts = new Map<string, Hosted>();
  for (const node of snapshot.nodes.values()) {
    if (!isEdge(node)) continue;
    for (const { host, service } of served(node, snapshot, claims)) {
      const known = hosts.get(host) ?? { host, service, vps: [] };
      known.vps = inOrder([...known.vps, node.address], snapshot.routes.get(service)?.vpsNodes ?? []);
      hosts.set(host, known);
    }
  }
  return [...hosts.values()].sort((a, b) => (a.host < b.host ? -1 : 1));
}

function served(
  node: Node,
  snapshot: Snapshot,
  claims: Claims,
): readonly { readonly host: string; readonly service: string }[] {
  if (snapshot.multiDomain) {
    const routed = [...snapshot.routes.values()]
      .filter((route) => route.vpsNodes.includes(node.address))
      .map((route) => route.service);
    return multiDomainEntries(snapshot, claims, { vps: node.address, routed }).map(({ host, backend }) => ({
      host,
      service: backend,
    }));
  }
  const domain = publicDomainOf(node, snapshot);
  if (domain === undefined) return [];
  const owners = new Map<string, string>();
  for (const service of snapshot.services.values()) {
    const key = subdomainKey(service);
    const owner = servedClaim(claims.get(key) ?? [], snapshot.holders.get(key))?.service;
    if (owner !== undefined) owners.set(publicName(service, domain), owner);
  }
  return singleDomainEntries(snapshot, claims, domain).map(({ host }) => ({
    host,
    service: owners.get(host) ?? '',
  }));
}

function inOrder(addresses: readonly string[], order: readonly string[]): string[] {
  const rank = (address: string): number => (order.includes(address) ? order.indexOf(address) : order.length);
  return [...addresses].sort((a, b) => rank(a) - rank(b));
}
