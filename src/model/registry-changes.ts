import { isDeepStrictEqual } from 'node:util';
import { splitSource } from './registry-shares.ts';
import { contentOf, isObject, type RegistryTexts } from './registry-texts.ts';

/** One difference between two states of the registries. */
export interface EntryChange {
  /** Object, key and JSON pointer: `service-registry/services.json/demo/port`. */
  readonly path: string;
  readonly change: 'added' | 'removed' | 'changed';
  /** JSON values; absent on the side where there is none. Of a text that is no JSON, the text. */
  readonly before?: unknown;
  readonly after?: unknown;
}

/** What differs, entry by entry. Formatting, key order and recorded statuses are no difference. */
export function registryChanges(before: RegistryTexts, after: RegistryTexts): readonly EntryChange[] {
  const paths = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return paths.flatMap((path) => textChanges(path, before[path], after[path]));
}

/** The paths of the texts whose content differs. */
export function changedTexts(before: RegistryTexts, after: RegistryTexts): readonly string[] {
  const paths = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return paths.filter((path) => textChanges(path, before[path], after[path]).length > 0);
}

function textChanges(path: string, before: string | undefined, after: string | undefined): EntryChange[] {
  if (before === after) return [];
  const [was, is] = [before ?? '', after ?? ''].map((text) => contentOf(path, text));
  if (was === undefined || is === undefined) return [{ path, change: 'changed', before, after }];
  return compare(path, was, is);
}

function compare(path: string, before: unknown, after: unknown): EntryChange[] {
  if (isDeepStrictEqual(before, after)) return [];
  const [left, right] = [fieldsOf(before), fieldsOf(after)];
  if (left === undefined || right === undefined)
    return before === '' || before === undefined
      ? [{ path, change: 'added', after }]
      : after === '' || after === undefined
        ? [{ path, change: 'removed', before }]
        : [{ path, change: 'changed', before, after }];
  return [...new Set([...left.keys(), ...right.keys()])].flatMap((name) => {
    const inner = `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    // A list of entries that is not there is one without entries.
    if (isList(inner, left.get(name) ?? right.get(name)))
      return compare(inner, left.get(name) ?? [], right.get(name) ?? []);
    if (!left.has(name)) return [{ path: inner, change: 'added' as const, after: right.get(name) }];
    if (!right.has(name)) return [{ path: inner, change: 'removed' as const, before: left.get(name) }];
    return compare(inner, left.get(name), right.get(name));
  });
}

const lists = /\/(?:registry\.json\/[a-z_]+|domains\.json\/(?:domains|vps_nodes))$/u;

function isList(path: string, value: unknown): boolean {
  return lists.test(path) && fieldsOf(value) !== undefined;
}

/** The parts of a value that have names: fields, or rows that carry an address. */
function fieldsOf(value: unknown): ReadonlyMap<string, unknown> | undefined {
  if (isObject(value)) return new Map(Object.entries(value));
  if (!Array.isArray(value)) return undefined;
  const named = new Map<string, unknown>();
  for (const row of value as readonly unknown[]) {
    const name = isObject(row) ? (row['ip'] ?? row['tailscale_ip']) : undefined;
    if (typeof name !== 'string') return undefined;
    // Two rows of one address are two rows.
    let free = name;
    for (let copy = 2; named.has(free); copy += 1) free = `${name}#${String(copy)}`;
    named.set(free, row);
  }
  return named;
}

const signs = { added: '+', removed: '-', changed: '~' } as const;
const words: readonly (readonly [string, string])[] = [
  ['service-registry/services.json', 'service'],
  ['domain-registry/domains.json/domains', 'domain'],
  ['domain-registry/domains.json/vps_nodes', 'vps record'],
  ['domain-registry/domains.json', 'domain'],
  ['domain-registry/routing.json', 'route'],
  ['domain-registry/vps-nodes.json', 'vps record'],
  ['sync-controller-registry/registry.json/management_laptops', 'laptop'],
  ['sync-controller-registry/registry.json/vps_nodes', 'vps'],
  ['sync-controller-registry/registry.json/worker_nodes', 'worker'],
  ['sync-controller-registry/registry.json/dnsmasq_nodes', 'dnsmasq'],
  ['sync-controller-registry/registry.json/caddy_nodes', 'caddy'],
  ['sync-controller-registry/registry.json', 'node'],
  ['cluster-info', ''],
];
const told = 6;

/** All changes in one line: `+service wiki, ~service demo (port), -vps 100.64.0.1`; of several sources each with its own: `east +service wiki`. */
export function summaryOf(changes: readonly EntryChange[]): string {
  const entries = new Map<string, { start: string; fields: string[] }>();
  for (const { path: whole, change, before, after } of changes) {
    const { source, path } = splitSource(whole);
    const [prefix, word] = words.find(([start]) => path.startsWith(`${start}/`)) ?? ['', ''];
    const [name = '', ...fields] = path.slice(prefix.length + (prefix === '' ? 0 : 1)).split('/');
    const what = [word, nameOf(name, after ?? before, fields)].filter((part) => part !== '').join(' ');
    const key = `${source ?? ''} ${what}`;
    const sign = fields.length === 0 ? signs[change] : signs.changed;
    const entry = entries.get(key) ?? {
      start: `${source === undefined ? '' : `${source} `}${sign}${what}`,
      fields: [],
    };
    if (fields.length > 0) entry.fields.push(fields.join('/'));
    entries.set(key, entry);
  }
  const lines = [...entries.values()].map(({ start, fields }) => `${start}${listOf(fields)}`);
  const more = lines.length - told;
  return lines.slice(0, told).join(', ') + (more > 0 ? ` and ${String(more)} more` : '');
}

/** A row's own name says more than its address. */
function nameOf(name: string, value: unknown, fields: readonly string[]): string {
  const own = fields.length === 0 && isObject(value) ? value['name'] : undefined;
  return typeof own === 'string' && own !== '' ? own : name.replaceAll('~1', '/').replaceAll('~0', '~');
}

function listOf(fields: readonly string[]): string {
  // The time of an edit is no news beside what it changed.
  const news = fields.length > 1 ? fields.filter((field) => field !== 'updated') : fields;
  if (news.length === 0) return '';
  return ` (${news.slice(0, 3).join(', ')}${news.length > 3 ? ' …' : ''})`;
}
