import type { HostKeyPin } from '../model/node.ts';
import * as grammar from './grammar.ts';
import { excerpt, fieldOf, isRow, type Place, type Row } from './quarantine.ts';

const keyPattern = /^([a-z0-9][a-z0-9@.-]{2,63} [A-Za-z0-9+/]{16,4096}={0,2})(?: [ -~]{0,255})?$/;
const sources = ['given', 'known_hosts', 'legacy', 'scan'] as const;

/** The pinned host keys of a row. A pin that cannot be read is dropped and reported: without it the node is refused, never trusted. */
export function parsePins(value: unknown, place: Place): readonly HostKeyPin[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) {
    place.refuse('a list of host keys', value);
    return [];
  }
  return value.flatMap((item: unknown, index) => {
    const pin = parsePin(item);
    if (pin === undefined)
      place.at(index).refuse('a public host key such as "ssh-ed25519 AAAA…"', item, 'the pin is ignored');
    return pin ?? [];
  });
}

function parsePin(item: unknown): HostKeyPin | undefined {
  const row: Row = isRow(item) ? item : { key: item };
  const text = fieldOf(row, 'key');
  const key = typeof text === 'string' ? keyPattern.exec(text)?.[1] : undefined;
  if (key === undefined) return undefined;
  const source = sources.find((known) => known === fieldOf(row, 'source')) ?? 'given';
  const added = grammar.timestamp(fieldOf(row, 'added'));
  return { key, source, added: added.ok ? added.value : '' };
}

const labelKey = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$/;
const labelValue = /^[A-Za-z0-9._-]{0,63}$/;

/** The labels of a row; one that breaks its grammar is dropped and reported. */
export function parseLabels(value: unknown, place: Place): Readonly<Record<string, string>> {
  if (value === undefined || value === null) return {};
  if (!isRow(value)) {
    place.warn(`expected an object of labels, got ${excerpt(value)}; it is ignored`);
    return {};
  }
  const good = Object.entries(value).filter((entry): entry is [string, string] => {
    const [key, text] = entry;
    const ok = labelKey.test(key) && typeof text === 'string' && labelValue.test(text);
    if (!ok)
      place
        .at(key)
        .warn(`expected a label of letters, digits and . _ -, got ${excerpt(text)}; it is ignored`);
    return ok;
  });
  return Object.fromEntries(good);
}
