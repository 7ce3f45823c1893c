import { digestOf, type Digest } from './bundle.ts';
import { splitSource } from './registry-shares.ts';
import type { RawObject, RegistryObject } from './snapshot.ts';

/** The data keys that make up what should be. Other keys of the objects belong to others: they are neither kept nor written back. */
export const registryKeys = {
  'service-registry': ['services.json'],
  'sync-controller-registry': ['registry.json'],
  'domain-registry': ['domains.json', 'routing.json', 'vps-nodes.json'],
  'cluster-info': ['cluster-name', 'cluster-domain', 'control-plane-ip', 'public-domain'],
} as const satisfies Readonly<Record<RegistryObject, readonly string[]>>;

/** Texts by `object/key`. A key that an object does not have is absent. */
export type RegistryTexts = Readonly<Record<string, string>>;

/** The texts of the registries that are ours to keep. */
export function textsOf(objects: Iterable<Pick<RawObject, 'name' | 'data'>>): RegistryTexts {
  const texts: Record<string, string> = {};
  for (const { name, data } of objects) {
    for (const key of registryKeys[name]) {
      const text = Object.hasOwn(data, key) ? data[key] : undefined;
      if (text !== undefined) texts[`${name}/${key}`] = text;
    }
  }
  return texts;
}

/** The object and the key of a path of `RegistryTexts`. */
export function splitPath(path: string): { readonly object: string; readonly key: string } {
  const cut = path.indexOf('/');
  return { object: path.slice(0, cut), key: path.slice(cut + 1) };
}

/** True where a text holds JSON, by its place. */
export function isJsonPath(path: string): boolean {
  return path.endsWith('.json');
}

/** The content of one text: its JSON without what is no wish of anybody; `undefined` where it is no JSON. */
export function contentOf(path: string, text: string): unknown {
  if (!isJsonPath(path)) return text.trim();
  if (text.trim() === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return path.endsWith('/registry.json') ? withoutRecord(value) : value;
}

/** Names the content of a text whatever its formatting and the recorded statuses, so that an edit is known again. */
export function contentDigest(path: string, text: string): Digest {
  const content = contentOf(path, text);
  if (content === undefined) return digestOf(`text ${text}`);
  return digestOf(`${splitSource(path).path} ${JSON.stringify(content, sorted)}`);
}

/** Fields of a row that the status writer owns; and who last touched the file, which its own tools write. */
const recorded: ReadonlySet<string> = new Set(['status', 'last_sync', 'last_attempt', 'last_error']);

function withoutRecord(root: unknown): unknown {
  if (!isObject(root)) return root;
  return Object.fromEntries(
    Object.entries(root)
      .filter(([name]) => name !== 'metadata')
      .map(([name, rows]) => [name, Array.isArray(rows) ? rows.map(withoutStatus) : rows]),
  );
}

function withoutStatus(row: unknown): unknown {
  return isObject(row)
    ? Object.fromEntries(Object.entries(row).filter(([field]) => !recorded.has(field)))
    : row;
}

function sorted(_key: string, value: unknown): unknown {
  return isObject(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;
}

/** True for an object of JSON. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
