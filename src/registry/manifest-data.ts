import { isMap, isScalar, Scalar, type Pair, type YAMLMap } from 'yaml';
import type { ManifestObject } from './manifest.ts';
import { editLiteral, fitsBlock, inlineScalar, literalBlock, quoted } from './yaml-scalar.ts';
import type { TextEdit } from './text-edit.ts';
import { columnOf, endOf, linesAfter, startOf, type Page } from './yaml-text.ts';

/** A key of `data` and the text it shall have. */
export interface Entry {
  readonly key: string;
  readonly value: string;
}

/** The edits that make `data[key]` of an object the value, in the style in which it stands. */
export function editsFor(page: Page, object: ManifestObject, entry: Entry): readonly TextEdit[] {
  const data: unknown = object.node.get('data', true);
  if (!isMap(data)) return fillData(page, object.node, entry);
  const pair = pairOf(data, entry.key);
  if (pair !== undefined) return replaceValue(page, pair, { flow: data.flow === true, value: entry.value });
  return data.flow === true
    ? addToFlow(page, { data, root: object.node }, entry)
    : [addLast(page, data, entry)];
}

/** A key and its value as lines of a block mapping. */
export function entryText({ eol, blocks }: Page, { key, value }: Entry, indent: number): string {
  const name = `${' '.repeat(indent)}${/^[a-z][\w.-]*$/iu.test(key) ? key : quoted(key)}:`;
  if (!blocks || !fitsBlock(value)) return `${name} ${quoted(value)}${eol}`;
  const block = literalBlock(value, { indent: indent + 2, parent: indent, eol });
  return `${name} ${block.header}${eol}${block.body}`;
}

function replaceValue(
  page: Page,
  pair: Pair,
  { flow, value }: { flow: boolean; value: string },
): readonly TextEdit[] {
  const node = pair.value;
  if (node === null || (isScalar(node) && startOf(node) === endOf(node))) {
    const at = page.text.indexOf(':', endOf(pair.key)) + 1;
    return [{ start: at, end: at, text: ` ${quoted(value)}` }];
  }
  // An alias shares its value with other keys: it is left, and the comparison afterwards refuses the edit.
  if (!isScalar(node)) return [];
  const [start, end] = [startOf(node), endOf(node)];
  if (flow) return [{ start, end, text: quoted(value) }];
  const parent = columnOf(page.text, startOf(pair.key));
  const isBlock = node.type === Scalar.BLOCK_LITERAL || node.type === Scalar.BLOCK_FOLDED;
  if (isBlock) return [{ start, end, text: blockText(page, node, { parent, value }) }];
  if (!page.blocks || !fitsBlock(value)) return [{ start, end, text: inlineScalar(node, value) }];
  // The rest of the line may hold a comment: the header goes before it, the body after it.
  const block = literalBlock(value, { indent: parent + 2, parent, eol: page.eol });
  return [{ start, end, text: block.header }, linesAfter(page, end, block.body)];
}

function blockText(page: Page, node: Scalar, { parent, value }: { parent: number; value: string }): string {
  const source = page.text.slice(startOf(node), endOf(node));
  const fits = page.blocks && fitsBlock(value);
  const edited =
    fits && node.type === Scalar.BLOCK_LITERAL ? editLiteral(source, node, { parent, value }) : undefined;
  if (edited !== undefined) return edited;
  if (!fits) return quoted(value) + (source.endsWith('\n') ? page.eol : '');
  const block = literalBlock(value, { indent: parent + 2, parent, eol: page.eol });
  return `${block.header}${page.eol}${block.body}`;
}

function addLast(page: Page, map: YAMLMap, entry: Entry): TextEdit {
  const indent = columnOf(page.text, startOf(map.items[0]?.key));
  return linesAfter(page, endOfMap(map), entryText(page, entry, indent));
}

function addToFlow(
  page: Page,
  { data, root }: { data: YAMLMap; root: YAMLMap },
  { key, value }: Entry,
): readonly TextEdit[] {
  const open = startOf(data);
  const text = `${quoted(key)}: ${quoted(value)}`;
  if (data.items.length > 0) {
    const space = /^\{(\s*)/u.exec(page.text.slice(open))?.[1] ?? '';
    return [{ start: open + 1, end: open + 1, text: `${space}${text},${space === '' ? ' ' : ''}` }];
  }
  if (root.flow === true) return [{ start: open + 1, end: open + 1, text }];
  const indent = columnOf(page.text, startOf(root.items[0]?.key)) + 2;
  return [
    { start: open, end: endOf(data), text: '' },
    linesAfter(page, endOf(data), entryText(page, { key, value }, indent)),
  ];
}

/** Where `data` is missing or null. */
function fillData(page: Page, root: YAMLMap, { key, value }: Entry): readonly TextEdit[] {
  const pair = pairOf(root, 'data');
  const flowText = `{${quoted(key)}: ${quoted(value)}}`;
  if (root.flow === true) {
    if (pair === undefined)
      return [{ start: endOfMap(root), end: endOfMap(root), text: `, "data": ${flowText}` }];
    return [{ start: startOf(pair.value), end: endOf(pair.value), text: flowText }];
  }
  const indent = columnOf(page.text, startOf(root.items[0]?.key));
  const entry = entryText(page, { key, value }, indent + 2);
  if (pair === undefined)
    return [linesAfter(page, endOfMap(root), `${' '.repeat(indent)}data:${page.eol}${entry}`)];
  const written = { start: startOf(pair.value), end: endOf(pair.value), text: '' };
  return [...(written.end > written.start ? [written] : []), linesAfter(page, endOf(pair.key), entry)];
}

function pairOf(map: YAMLMap, key: string): Pair | undefined {
  return map.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
}

function endOfMap(map: YAMLMap): number {
  const last = map.items.at(-1);
  return Math.max(endOf(last?.value), endOf(last?.key));
}
