import type { Node } from 'jsonc-parser';
import type { NodeType } from '../model/node.ts';
import { SyncError } from '../lib/errors.ts';
import { canonicalAddress } from './grammar.ts';
import { layoutOf, type JsonValue } from './json-render.ts';
import { removeAt, setAt, setKeys } from './json-text.ts';
import { elementsOf, keyOf, mismatch, nodeAt, parsed, propertiesOf, type Path } from './json-tree.ts';
import { applyTextEdits, type TextEdit } from './text-edit.ts';

export type { JsonValue } from './json-render.ts';

/** Fields to set in an entry; every other field stays. `undefined` leaves a field, `null` is written as null. */
export type Fields = Readonly<Record<string, JsonValue | undefined>>;

/** Where a row stands: a node is its type and address. */
export interface RowKey {
  readonly type: NodeType;
  readonly address: string;
}

/** Fields of one row; `null` clears a field that is there and adds none. */
export interface NodeRowPatch extends RowKey {
  readonly fields: Fields;
}

/** Who begins a registry, and when: the metadata that the predecessor's tools expect. */
export interface Stamp {
  readonly at: string;
  readonly by: string;
}

const nodesText = 'sync-controller-registry/registry.json';
const servicesText = 'service-registry/services.json';
const domainsText = 'domain-registry/domains.json';
const routingText = 'domain-registry/routing.json';
const legacyText = 'domain-registry/vps-nodes.json';

/** `services.json` with the fields of one entry set; the entry is added where it is missing. */
export function setService(text: string | undefined, name: string, fields: Fields): string {
  return setFields(begun(text, {}), [name], { fields, where: servicesText });
}

/** `services.json` without one entry. */
export function removeService(text: string | undefined, name: string): string {
  return removeAt(begun(text, {}), [name], servicesText);
}

/** `routing.json` with the fields of one service's route set. */
export function setRoute(text: string | undefined, service: string, fields: Fields): string {
  return setFields(begun(text, {}), [service], { fields, where: routingText });
}

/** `routing.json` without one service's route. */
export function removeRoute(text: string | undefined, service: string): string {
  return removeAt(begun(text, {}), [service], routingText);
}

/** `routing.json` with one address taken out of the list of one route; the route and what else it lists stay as they are spelled. */
export function removeRouteVps(text: string, service: string, address: string): string {
  const list: Path = [service, 'vps_nodes'];
  for (let result = text; ;) {
    const index = elementsOf(nodeAt(parsed(result, routingText), list)).findLastIndex((element) =>
      isAddress(element.value, address),
    );
    if (index < 0) return result;
    result = removeAt(result, [...list, index], routingText);
  }
}

/** `domains.json` with the fields of one domain set. The layout from before `domains` and `vps_nodes` is wrapped, not rewritten. */
export function setDomain(text: string | undefined, domain: string, fields: Fields): string {
  return setFields(unified(text), ['domains', domain], { fields, where: domainsText });
}

/** `domains.json` without one domain. */
export function removeDomain(text: string | undefined, domain: string): string {
  return removeAt(unified(text), ['domains', domain], domainsText);
}

/** `domains.json` with the fields of one VPS record set; B44: the record keeps its place and takes the new address. */
export function setVpsRecord(text: string | undefined, tailscaleIp: string, fields: Fields): string {
  return setElement(unified(text), ['vps_nodes'], {
    key: 'tailscale_ip',
    id: tailscaleIp,
    fields,
    where: domainsText,
  });
}

/** `domains.json` without one VPS record. */
export function removeVpsRecord(text: string | undefined, tailscaleIp: string): string {
  return removeElements(unified(text), ['vps_nodes'], {
    key: 'tailscale_ip',
    id: tailscaleIp,
    where: domainsText,
  });
}

/** `vps-nodes.json`, the key of before, without one VPS record. */
export function removeLegacyRecord(text: string, address: string): string {
  const keys = propertiesOf(parsed(text, legacyText)).map(keyOf);
  return keys
    .filter((key) => isAddress(key, address))
    .reduce((result, key) => removeAt(result, [key], legacyText), text);
}

/** `registry.json` with fields of rows set; rows that are not there are passed over, so that nothing removed comes back. */
export function patchNodeRows(text: string, patches: readonly NodeRowPatch[]): string {
  if (patches.length === 0 || text.trim() === '') return text;
  const root = parsed(text, nodesText);
  const edits = new Map<Node, readonly TextEdit[]>();
  for (const { type, address, fields } of patches) {
    const row = rowOf(root, { type, address });
    if (row === undefined) continue;
    const entries = definedOf(fields).filter(
      ([key, value]) => value !== null || nodeAt(row, [key]) !== undefined,
    );
    edits.set(row, setKeys(text, row, entries));
  }
  return applyTextEdits(text, [...edits.values()].flat());
}

/** `registry.json` with a row set: the fields of the one that is there, else a new row at the end of its list. */
export function setNodeRow(text: string | undefined, row: NodeRowPatch, stamp: Stamp): string {
  const { type, address, fields } = row;
  return setElement(begun(text, emptyNodes(stamp)), [type], {
    key: 'ip',
    id: address,
    fields,
    where: nodesText,
  });
}

/** `registry.json` without the rows of one node. */
export function removeNodeRow(text: string | undefined, { type, address }: RowKey): string {
  return text === undefined || text.trim() === ''
    ? (text ?? '')
    : removeElements(text, [type], { key: 'ip', id: address, where: nodesText });
}

/** `registry.json` with fields inside a row's `sync_controller` object set, or removed where they are undefined. */
export function setNodeExtras(text: string, { type, address }: RowKey, extras: Fields): string {
  const index = indexOf(nodeAt(parsed(text, nodesText), [type]), 'ip', address);
  if (index < 0)
    throw new SyncError('notFound', `${nodesText}/${type}: expected a row with ip ${address}, got none`, {
      remedy: 'syncctl node list',
    });
  const place: Path = [type, index, 'sync_controller'];
  return Object.entries(extras).reduce(
    (result, [key, value]) =>
      value === undefined
        ? removeAt(result, [...place, key], nodesText)
        : setAt(result, [...place, key], { value, where: nodesText }),
    text,
  );
}

function emptyNodes({ at, by }: Stamp): JsonValue {
  return {
    management_laptops: [],
    vps_nodes: [],
    worker_nodes: [],
    metadata: { version: '1.0', last_updated: at, updated_by: by },
  };
}

/** Absent and `""` are the empty registry of old clusters: an edit starts from its proper first value. */
function begun(text: string | undefined, initial: JsonValue): string {
  return text === undefined || text.trim() === '' ? `${JSON.stringify(initial, null, 2)}\n` : text;
}

function unified(text: string | undefined): string {
  const present = begun(text, { domains: {}, vps_nodes: [] });
  const root = parsed(present, domainsText);
  const keys = propertiesOf(root).map(keyOf);
  if (root.type !== 'object' || keys.includes('domains') || keys.includes('vps_nodes')) return present;
  if (keys.length === 0) return begun('', { domains: {}, vps_nodes: [] });
  const { colon, lines } = layoutOf(present);
  const gap = lines?.eol ?? '';
  const next = gap === '' && colon.endsWith(' ') ? ' ' : gap;
  return `{${gap}"domains"${colon}${present.trim()},${next}"vps_nodes"${colon}[]${gap}}`;
}

function setFields(text: string, path: Path, { fields, where }: { fields: Fields; where: string }): string {
  const entries = definedOf(fields);
  const present = nodeAt(parsed(text, where), path);
  if (present === undefined || present.type === 'null')
    return setAt(text, path, { value: Object.fromEntries(entries), where });
  if (present.type !== 'object') throw mismatch(present, 'an object', [where, ...path].join('/'));
  return applyTextEdits(text, setKeys(text, present, entries));
}

/** Of rows that claim one address the last is the one other readers take. */
function rowOf(root: Node, { type, address }: RowKey): Node | undefined {
  return elementsOf(nodeAt(root, [type])).findLast((row) => isAddress(nodeAt(row, ['ip'])?.value, address));
}

interface Element {
  /** The field by which elements of the list are told apart, an address, and its value. */
  readonly key: string;
  readonly id: string;
  readonly where: string;
}

function setElement(
  text: string,
  list: Path,
  { key, id, fields, where }: Element & { fields: Fields },
): string {
  const node = nodeAt(parsed(text, where), list);
  const index = indexOf(node, key, id);
  if (index >= 0) return setFields(text, [...list, index], { fields, where });
  const value = Object.fromEntries([[key, id], ...definedOf(fields).filter(([name]) => name !== key)]);
  return setAt(text, [...list, elementsOf(node).length], { value, where });
}

function removeElements(text: string, list: Path, { key, id, where }: Element): string {
  for (let result = text; ;) {
    const index = indexOf(nodeAt(parsed(result, where), list), key, id);
    if (index < 0) return result;
    result = removeAt(result, [...list, index], where);
  }
}

function indexOf(list: Node | undefined, key: string, id: string): number {
  return elementsOf(list).findLastIndex((element) => isAddress(nodeAt(element, [key])?.value, id));
}

/** True where a text of a registry is this address, in whichever of its spellings. */
export function isAddress(value: unknown, address: string): boolean {
  if (value === address) return true;
  // IPv4 has one spelling; parsing each row's for each patch would cost more than the patches.
  return typeof value === 'string' && value.includes(':') && canonicalAddress(value) === address;
}

function definedOf(fields: Fields): readonly (readonly [string, JsonValue])[] {
  return Object.entries(fields).filter((entry): entry is [string, JsonValue] => entry[1] !== undefined);
}
