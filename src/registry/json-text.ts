import type { Node } from 'jsonc-parser';
import { layoutOf, render, type JsonValue, type Layout } from './json-render.ts';
import { isAbsent, keyOf, mismatch, nodeAt, parsed, propertiesOf, sourceOf, type Path } from './json-tree.ts';
import { applyTextEdits, type TextEdit } from './text-edit.ts';

/** A key of an object, or undefined for an element of a list, with its value. */
export interface Item {
  readonly key: string | undefined;
  readonly value: JsonValue;
}

/**
 * The text with the value at a path set; containers on the way are made where they are missing or null. An equal value is
 * left as it is spelled. Everything else stays byte for byte, which an edit by a formatter would not grant.
 */
export function setAt(
  text: string,
  path: Path,
  { value, where }: { value: JsonValue; where: string },
): string {
  const root = parsed(text, where);
  let depth = path.length;
  while (depth > 0 && isAbsent(nodeAt(root, path.slice(0, depth)))) depth--;
  const target = nodeAt(root, path.slice(0, depth)) ?? root;
  const [step, ...below] = path.slice(depth);
  if (step === undefined) return applyTextEdits(text, replaceNode(text, target, value));
  const isList = typeof step === 'number';
  if (target.type !== (isList ? 'array' : 'object')) {
    throw mismatch(target, isList ? 'a list' : 'an object', [where, ...path.slice(0, depth)].join('/'));
  }
  const wrapped = below.reduceRight<JsonValue>(
    (inner, key) => (typeof key === 'number' ? [inner] : { [key]: inner }),
    value,
  );
  const present = nodeAt(target, [step]);
  if (present !== undefined) return applyTextEdits(text, replaceNode(text, present, wrapped));
  return applyTextEdits(
    text,
    appendItems(text, target, [{ key: isList ? undefined : step, value: wrapped }]),
  );
}

/** The edits that give an object's keys their values: new keys come last, the other keys stay as they are. */
export function setKeys(
  text: string,
  object: Node,
  entries: readonly (readonly [string, JsonValue])[],
): readonly TextEdit[] {
  const missing: Item[] = [];
  const edits: TextEdit[] = [];
  for (const [key, value] of entries) {
    const present = nodeAt(object, [key]);
    if (present === undefined) missing.push({ key, value });
    else edits.push(...replaceNode(text, present, value));
  }
  return missing.length === 0 ? edits : [...edits, ...appendItems(text, object, missing)];
}

/** The text without the value at a path; the same text where there is none. A key that appears twice goes twice. */
export function removeAt(text: string, path: Path, where: string): string {
  const step = path.at(-1);
  for (let result = text; ;) {
    const parent = nodeAt(parsed(result, where), path.slice(0, -1));
    const index =
      typeof step === 'number'
        ? step
        : propertiesOf(parent).findLastIndex((property) => keyOf(property) === step);
    const next = parent === undefined ? result : applyTextEdits(result, removeChild(parent, index));
    if (next === result || typeof step === 'number') return next;
    result = next;
  }
}

function replaceNode(text: string, node: Node, value: JsonValue): readonly TextEdit[] {
  if (JSON.stringify(JSON.parse(sourceOf(text, node))) === JSON.stringify(value)) return [];
  const written = render(value, layoutNear(text, node), indentAt(text, node.offset));
  return [{ start: node.offset, end: node.offset + node.length, text: written }];
}

function appendItems(text: string, container: Node, items: readonly Item[]): readonly TextEdit[] {
  const children = container.children ?? [];
  const last = children.at(-1);
  if (last === undefined) return fillEmpty(text, container, items);
  const end = last.offset + last.length;
  const layout = layoutNear(text, last);
  const gap = gapBefore(text, container, layout);
  const indent = indentAt(text, last.offset);
  return [{ start: end, end, text: items.map((item) => gap + itemText(item, layout, indent)).join('') }];
}

/** What stands between two items here, comma included. */
function gapBefore(text: string, container: Node, layout: Layout): string {
  const [previous, last] = (container.children ?? []).slice(-2);
  if (previous !== undefined && last !== undefined)
    return text.slice(previous.offset + previous.length, last.offset);
  const space = text.slice(container.offset + 1, previous?.offset);
  return `,${space === '' && layout.colon.endsWith(' ') ? ' ' : space}`;
}

function fillEmpty(text: string, container: Node, items: readonly Item[]): readonly TextEdit[] {
  const layout = layoutOf(text);
  const indent = indentAt(text, container.offset);
  const inner = indent + (layout.lines?.unit ?? '');
  const { eol } = layout.lines ?? { eol: '' };
  const gap = layout.lines === undefined ? (layout.colon.endsWith(' ') ? ', ' : ',') : `,${eol}${inner}`;
  const body = items.map((item) => itemText(item, layout, inner)).join(gap);
  const written = layout.lines === undefined ? body : `${eol}${inner}${body}${eol}${indent}`;
  return [{ start: container.offset + 1, end: container.offset + container.length - 1, text: written }];
}

function itemText({ key, value }: Item, layout: Layout, indent: string): string {
  return (key === undefined ? '' : JSON.stringify(key) + layout.colon) + render(value, layout, indent);
}

/** The layout for a value beside or instead of a node: on one line where that node is, or else what holds it. */
function layoutNear(text: string, node: Node): Layout {
  const layout = layoutOf(text);
  const value = node.type === 'property' ? node.children?.[1] : node;
  const outer = node.parent?.type === 'property' ? node.parent.parent : node.parent;
  const model = value !== undefined && (value.children?.length ?? 0) > 0 ? value : outer;
  return model !== undefined && !sourceOf(text, model).includes('\n')
    ? { ...layout, lines: undefined }
    : layout;
}

function indentAt(text: string, offset: number): string {
  return /^[ \t]*/u.exec(text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset))?.[0] ?? '';
}

function removeChild(parent: Node, index: number): readonly TextEdit[] {
  const children = parent.children ?? [];
  const child = children[index];
  if (child === undefined) return [];
  const before = children[index - 1];
  const after = children[index + 1];
  const end = child.offset + child.length;
  if (before !== undefined) return [{ start: before.offset + before.length, end, text: '' }];
  if (after !== undefined) return [{ start: child.offset, end: after.offset, text: '' }];
  return [{ start: parent.offset + 1, end: parent.offset + parent.length - 1, text: '' }];
}
