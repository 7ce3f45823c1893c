import { SyncError } from '../lib/errors.ts';
import { editsFor, entryText } from './manifest-data.ts';
import { parseManifest, type ManifestObject } from './manifest.ts';
import { applyTextEdits } from './text-edit.ts';

/** Where in a file a value goes: the ConfigMap's name and namespace, the data key, and the new text. */
export interface ValueEdit {
  readonly name: string;
  readonly namespace: string;
  readonly key: string;
  readonly value: string;
}

/**
 * The file's text with one data value replaced or added. Every byte outside that value stays.
 * The result is parsed again and compared, so that no style of YAML, however odd, can be damaged.
 */
export function editManifest(text: string, edit: ValueEdit): string {
  const object = locate(text, edit);
  if (object === undefined) throw refusal(edit, 'is not in this file');
  const wanted = { ...object.data, [edit.key]: edit.value };
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  // A literal block is the readable form; the quoted one is there for the value that no block can carry.
  for (const blocks of [true, false]) {
    const result = applyTextEdits(text, editsFor({ text, eol, blocks }, object, edit));
    const again = locate(result, edit);
    if (again !== undefined && sameData(again.data, wanted)) return result;
  }
  throw refusal(edit, 'is written in a style that cannot be edited safely');
}

/** A new manifest with one ConfigMap. */
export function newManifest({ name, namespace, key, value }: ValueEdit): string {
  const head = `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n  namespace: ${namespace}\ndata:\n`;
  const text = head + entryText({ text: '', eol: '\n', blocks: true }, { key, value }, 2);
  const read = locate(text, { name, namespace, key, value });
  if (read?.data[key] === value) return text;
  return head + entryText({ text: '', eol: '\n', blocks: false }, { key, value }, 2);
}

/** True where an object belongs to the namespace: one without a namespace goes wherever it is applied. */
export function inNamespace(object: { readonly namespace: string | undefined }, namespace: string): boolean {
  return object.namespace === undefined || object.namespace === namespace;
}

function locate(text: string, edit: ValueEdit): ManifestObject | undefined {
  const manifest = parseManifest(text);
  if (manifest.kind === 'invalid') return undefined;
  return manifest.objects.find((object) => object.name === edit.name && inNamespace(object, edit.namespace));
}

function sameData(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && a[key] === b[key])
  );
}

function refusal({ name, key }: ValueEdit, why: string): SyncError {
  const remedy = `write ${key} as a literal block (${key}: |) under data`;
  return new SyncError('data', `${name}/${key}: the value ${why}`, { remedy });
}
