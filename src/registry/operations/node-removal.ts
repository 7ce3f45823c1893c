import type { Node } from '../../model/node.ts';
import { isEdge } from '../../model/node-types.ts';
import {
  isAddress,
  removeLegacyRecord,
  removeNodeRow,
  removeRouteVps,
  removeVpsRecord,
} from '../json-edit.ts';
import { fieldOf, isRow, type Row } from '../quarantine.ts';
import { rowsOf } from './rows.ts';
import type { RawObjects, Step } from './step.ts';

type Which = Pick<Node, 'type' | 'address'>;

/** What the removal of a node takes out of a registry, and where. */
export interface RegistryChange {
  readonly path: string;
  readonly change: string;
}

/** A route that names the VPS which is removed, as it was before. */
export interface LostRoute {
  readonly service: string;
  readonly domains: readonly string[];
  readonly vpsNodes: readonly string[];
  readonly strategy: string | undefined;
}

const routing = 'domain-registry/routing.json';
const records = 'domain-registry/domains.json';
const legacy = 'domain-registry/vps-nodes.json';
const rows = 'sync-controller-registry/registry.json';

/**
 * Takes a node out of every registry: a VPS out of the routes first, so that what stands between two writes serves less and never
 * more; then its record for public DNS; its row last, so that the command finds the node again and ends what was cut short.
 * A route stays when its last VPS goes: without any entry the registry would mean one domain, which every VPS serves.
 * `routed` is false where another row of the same machine goes on serving what is routed to its address.
 */
export function removeNodeSteps(node: Which, routed = isEdge(node)): readonly Step[] {
  const row: Step = {
    object: 'sync-controller-registry',
    key: 'registry.json',
    edit: (text) => (text === undefined ? undefined : removeNodeRow(text, node)),
  };
  return routed ? [...vpsSteps(node.address), row] : [row];
}

function vpsSteps(address: string): readonly Step[] {
  return [
    {
      object: 'domain-registry',
      key: 'routing.json',
      edit: (text) =>
        routesOf(text, address).reduce<string | undefined>(
          (result, { service }) =>
            result === undefined ? undefined : removeRouteVps(result, service, address),
          text,
        ),
    },
    {
      object: 'domain-registry',
      key: 'domains.json',
      // A text without the record keeps every byte: also an old layout is no reason to write it anew.
      edit: (text) => (hasRecord(text, address) ? removeVpsRecord(text, address) : undefined),
    },
    {
      object: 'domain-registry',
      key: 'vps-nodes.json',
      edit: (text) =>
        text !== undefined && hasLegacyRecord(text, address) ? removeLegacyRecord(text, address) : undefined,
    },
  ];
}

/**
 * The routes that name a VPS, set-aside ones included.
 * @throws SyncError `data` where the routing registry is no JSON object.
 */
export function lostRoutes(node: Which, objects: RawObjects, routed = isEdge(node)): readonly LostRoute[] {
  return routed ? routesOf(textOf(objects, 'routing.json'), node.address) : [];
}

/**
 * Every change that the removal of a node makes in the registries, in the order in which they are written.
 * @throws SyncError `data` where a text that has to be edited is no JSON object; nothing is written then.
 */
export function removalChanges(
  node: Pick<Node, 'type' | 'address' | 'name'>,
  objects: RawObjects,
  routed = isEdge(node),
): readonly RegistryChange[] {
  const { type, address, name } = node;
  const changes: RegistryChange[] = lostRoutes(node, objects, routed).map(({ service, vpsNodes }) => {
    const left = vpsNodes.filter((vps) => !isAddress(vps, address));
    const rest = left.length === 0 ? 'no VPS is left: it is served nowhere' : `${left.join(', ')} stays`;
    return { path: `${routing}/${service}/vps_nodes`, change: `loses ${address}; ${rest}` };
  });
  if (routed) {
    const lost = `loses the record of ${address} for public DNS`;
    if (hasRecord(textOf(objects, 'domains.json'), address))
      changes.push({ path: `${records}/vps_nodes`, change: lost });
    if (hasLegacyRecord(textOf(objects, 'vps-nodes.json'), address))
      changes.push({ path: legacy, change: lost });
  }
  const text = objects.get('sync-controller-registry')?.data['registry.json'];
  if (text !== undefined && removeNodeRow(text, node) !== text)
    changes.push({ path: `${rows}/${type}`, change: `loses the row of ${name}` });
  return changes;
}

function textOf(objects: RawObjects, key: string): string | undefined {
  const data = objects.get('domain-registry')?.data ?? {};
  return Object.hasOwn(data, key) ? data[key] : undefined;
}

function routesOf(text: string | undefined, address: string): readonly LostRoute[] {
  return Object.entries(rowsOf(text, routing)).flatMap(([service, row]) => {
    if (!isRow(row)) return [];
    const vpsNodes = texts(row, 'vps_nodes');
    if (!vpsNodes.some((vps) => isAddress(vps, address))) return [];
    const strategy = fieldOf(row, 'strategy');
    return [
      {
        service,
        domains: texts(row, 'domains'),
        vpsNodes,
        strategy: typeof strategy === 'string' ? strategy : undefined,
      },
    ];
  });
}

function texts(row: Row, field: string): readonly string[] {
  const list = fieldOf(row, field);
  return Array.isArray(list)
    ? list.filter((item): item is string => typeof item === 'string' && item !== '')
    : [];
}

function hasRecord(text: string | undefined, address: string): boolean {
  const list = fieldOf(rowsOf(text, records), 'vps_nodes');
  return (
    Array.isArray(list) &&
    list.some((row: unknown) => isRow(row) && isAddress(fieldOf(row, 'tailscale_ip'), address))
  );
}

/** A legacy key that cannot be read is ignored by every reader, so it holds no record. */
function hasLegacyRecord(text: string | undefined, address: string): boolean {
  try {
    return Object.keys(rowsOf(text, legacy)).some((key) => isAddress(key, address));
  } catch {
    return false;
  }
}
