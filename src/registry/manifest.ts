import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  parseAllDocuments,
  type Document,
  type Node,
  type ParsedNode,
  type YAMLMap,
} from 'yaml';
import { messageOf } from '../lib/errors.ts';

/** One ConfigMap found in a manifest file, with what an edit needs to find its `data` again. */
export interface ManifestObject {
  readonly name: string;
  readonly namespace: string | undefined;
  readonly annotations: Readonly<Record<string, string>>;
  readonly data: Readonly<Record<string, string>>;
  /** The mapping node of the whole object and the document it stands in. */
  readonly node: YAMLMap;
  readonly document: Document.Parsed;
}

/** What a manifest file holds, or why no part of it can be trusted. */
export type Manifest =
  | {
      readonly kind: 'parsed';
      readonly objects: readonly ManifestObject[];
      readonly faults: readonly ManifestFault[];
    }
  | { readonly kind: 'invalid'; readonly reason: string };

/** A ConfigMap that `kubectl apply` would refuse. */
export interface ManifestFault {
  readonly name: string;
  readonly namespace: string | undefined;
  readonly reason: string;
}

/** Reads every ConfigMap of a YAML or JSON manifest (several documents and `kind: List` included), as `kubectl apply` would. */
export function parseManifest(text: string): Manifest {
  try {
    const documents = parseAllDocuments(text, { keepSourceTokens: true, logLevel: 'silent' });
    if (!Array.isArray(documents)) return { kind: 'parsed', objects: [], faults: [] };
    const error = documents.flatMap((document) => document.errors)[0];
    if (error !== undefined) return { kind: 'invalid', reason: firstLine(error.message) };
    return collect(documents);
  } catch (error) {
    // The parser recurses: a hostile nesting depth ends as a RangeError here.
    return { kind: 'invalid', reason: firstLine(messageOf(error)) };
  }
}

function firstLine(message: string): string {
  return (message.split('\n', 1)[0] ?? '').replace(/:$/u, '');
}

function collect(documents: readonly Document.Parsed[]): Manifest {
  const objects: ManifestObject[] = [];
  const faults: ManifestFault[] = [];
  for (const document of documents) {
    for (const node of configMaps(document.contents)) {
      const name = textAt(node, ['metadata', 'name']);
      const namespace = textAt(node, ['metadata', 'namespace']);
      if (name === undefined) continue;
      try {
        objects.push({
          name,
          namespace,
          annotations: strings(mapAt(node, ['metadata', 'annotations']), document, 'annotation'),
          data: strings(mapAt(node, ['data']), document, 'data key'),
          node,
          document,
        });
      } catch (error) {
        faults.push({ name, namespace, reason: messageOf(error) });
      }
    }
  }
  return { kind: 'parsed', objects, faults };
}

function* configMaps(node: ParsedNode | Node | null): Generator<YAMLMap> {
  if (!isMap(node)) return;
  const kind = textAt(node, ['kind']);
  if (kind === 'ConfigMap') yield node;
  if (kind !== 'List' && kind !== 'ConfigMapList') return;
  const items = node.get('items', true);
  if (!isSeq(items)) return;
  for (const item of items.items) {
    // Items of a ConfigMapList need not repeat their kind.
    if (isMap(item) && kind === 'ConfigMapList' && textAt(item, ['kind']) === undefined) yield item;
    else if (isMap(item)) yield* configMaps(item);
  }
}

function textAt(node: YAMLMap, path: readonly string[]): string | undefined {
  const value: unknown = node.getIn(path, false);
  return typeof value === 'string' ? value : undefined;
}

function mapAt(node: YAMLMap, path: readonly string[]): YAMLMap | undefined {
  const value = node.getIn(path, true);
  if (value === undefined || value === null || (isScalar(value) && value.value === null)) return undefined;
  if (!isMap(value)) throw new Error(`${path.join('.')}: expected a mapping of strings`);
  return value;
}

function strings(
  map: YAMLMap | undefined,
  document: Document.Parsed,
  what: string,
): Readonly<Record<string, string>> {
  const entries: [string, string][] = [];
  for (const { key, value } of map?.items ?? []) {
    const name = isScalar(key) ? String(key.value) : undefined;
    if (name === undefined) throw new Error(`${what}: expected a plain name`);
    const node = isAlias(value) ? value.resolve(document) : value;
    const content: unknown = isScalar(node) ? node.value : undefined;
    // The API server reads a null as the empty string and refuses everything else that is no string.
    if (content !== null && typeof content !== 'string')
      throw new Error(`${what} ${name}: expected a string (quote it, or write it as a block with |)`);
    entries.push([name, content ?? '']);
  }
  return Object.fromEntries(entries);
}
