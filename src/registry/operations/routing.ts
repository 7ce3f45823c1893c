import { publicDomainOf } from '../../model/host-names.ts';
import { isEdge } from '../../model/node-types.ts';
import type { Strategy } from '../../model/service.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import { removeRoute, setRoute } from '../json-edit.ts';
import { fieldOf, isRow, type Row } from '../quarantine.ts';
import { rowsOf } from './rows.ts';
import type { Step } from './step.ts';

const where = 'domain-registry/routing.json';
const step = (edit: Step['edit']): Step => ({ object: 'domain-registry', key: 'routing.json', edit });

/** Where a service shall be served. What is undefined stays as it is. */
export interface Routing {
  readonly domains: readonly string[];
  readonly vpsNodes: readonly string[] | undefined;
  readonly strategy: Strategy | undefined;
  /** The given domains instead of these beside the present ones. */
  readonly only: boolean;
}

/**
 * Routes a service to domains. The first route ever turns the cluster to several domains, where a service is served only where
 * it is routed: the services that are public now are routed to where they are, in the same write.
 */
export function routeSteps(
  service: string,
  routing: Routing,
  { snapshot, now }: { readonly snapshot: Snapshot; readonly now: string },
): readonly Step[] {
  return [
    step((text) => {
      const rows = rowsOf(text, where);
      const isFirst = Object.keys(rows).length === 0;
      const begun = isFirst ? keepServed(text, { snapshot, now }) : text;
      const before = routeOf(rowsOf(begun, where), service);
      const domains = routing.only ? routing.domains : union(before.domains, routing.domains);
      const vpsNodes =
        routing.vpsNodes ?? (before.vpsNodes.length > 0 ? before.vpsNodes : vpsAddresses(snapshot));
      const strategy = routing.strategy ?? before.strategy ?? 'round-robin';
      return setRoute(begun, service, {
        domains: [...domains],
        vps_nodes: [...vpsNodes],
        strategy,
        updated: now,
      });
    }),
  ];
}

/** Ends the routing of a service to some domains, or to all. The last entry stays without domains: an empty registry would mean the single domain. */
export function unrouteSteps(
  service: string,
  domains: readonly string[] | undefined,
  now: string,
): readonly Step[] {
  return [
    step((text) => {
      const rows = rowsOf(text, where);
      if (!Object.hasOwn(rows, service)) return undefined;
      const left =
        domains === undefined
          ? []
          : routeOf(rows, service).domains.filter((domain) => !domains.includes(domain));
      const isLast = Object.keys(rows).length === 1;
      return left.length === 0 && !isLast
        ? removeRoute(text, service)
        : setRoute(text, service, { domains: left, updated: now });
    }),
  ];
}

/** Takes a domain or a VPS out of every route. */
export function withdrawSteps(
  what: { readonly domain: string } | { readonly vps: string },
  now: string,
): readonly Step[] {
  const [field, gone] =
    'domain' in what ? (['domains', what.domain] as const) : (['vps_nodes', what.vps] as const);
  return [
    step((text) => {
      const rows = rowsOf(text, where);
      return Object.entries(rows).reduce<string | undefined>((result, [service, row]) => {
        const list = isRow(row) ? texts(fieldOf(row, field)) : [];
        return list.includes(gone)
          ? setRoute(result, service, { [field]: list.filter((item) => item !== gone), updated: now })
          : result;
      }, text);
    }),
  ];
}

function keepServed(
  text: string | undefined,
  { snapshot, now }: { readonly snapshot: Snapshot; readonly now: string },
): string | undefined {
  const vps = [...snapshot.nodes.values()].filter(isEdge);
  const domains = [
    ...new Set(vps.map((node) => publicDomainOf(node, snapshot)).filter((domain) => domain !== undefined)),
  ];
  if (domains.length === 0) return text;
  const route = { domains, vps_nodes: vpsAddresses(snapshot), strategy: 'round-robin', updated: now };
  const served = [...snapshot.services.values()].filter((service) => service.public);
  return served.reduce<string | undefined>((result, { name }) => setRoute(result, name, route), text);
}

function vpsAddresses(snapshot: Snapshot): string[] {
  return [...snapshot.nodes.values()].filter(isEdge).map((node) => node.address);
}

function routeOf(
  rows: Row,
  service: string,
): { domains: readonly string[]; vpsNodes: readonly string[]; strategy: Strategy | undefined } {
  const row = Object.hasOwn(rows, service) ? rows[service] : undefined;
  if (!isRow(row)) return { domains: [], vpsNodes: [], strategy: undefined };
  const strategy = (['round-robin', 'primary-backup', 'geo'] as const).find(
    (known) => known === fieldOf(row, 'strategy'),
  );
  return { domains: texts(fieldOf(row, 'domains')), vpsNodes: texts(fieldOf(row, 'vps_nodes')), strategy };
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value)
    ? value.filter((item): item is string => typeof item === 'string' && item !== '')
    : [];
}

function union(a: readonly string[], b: readonly string[]): readonly string[] {
  return [...new Set([...a, ...b])];
}
