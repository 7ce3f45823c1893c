import type { RawObject } from '../model/snapshot.ts';
import { readJson } from './parse-json.ts';
import { excerpt, isRow, type Place, type Row } from './quarantine.ts';
import { isSealed } from './sealed/envelope.ts';
import { withSealed } from './sealed/sealed-text.ts';

/** What one data key holds: an object of entries, an explicit nothing, or nothing to go by (the last good state stays). */
export type KeyContent =
  | { readonly kind: 'rows'; readonly rows: Row }
  | { readonly kind: 'empty' }
  | { readonly kind: 'unreadable' };

/** Reads one data key of a registry object. An absent or invalid key is reported and is never an empty one. */
export function readKey(raw: RawObject | undefined, key: string, place: Place): KeyContent {
  if (raw === undefined) return { kind: 'unreadable' };
  const here = place.at(key);
  const text = Object.hasOwn(raw.data, key) ? raw.data[key] : undefined;
  if (text === undefined) {
    here.error(
      `expected the key ${key}, got none; the last good state stays`,
      `write {} there to empty it on purpose`,
    );
    return { kind: 'unreadable' };
  }
  if (isSealed(text.trim())) {
    here.error(
      'expected JSON, in which single values may be sealed, got one sealed text; the last good state stays',
    );
    return { kind: 'unreadable' };
  }
  const json = readJson(text);
  if (json.kind === 'empty') return json;
  if (json.kind === 'invalid') {
    here.error(`expected JSON, got a text that does not parse (${json.reason}); the last good state stays`);
    return { kind: 'unreadable' };
  }
  const value = withSealed(json.value);
  if (!isRow(value)) {
    here.error(`expected a JSON object, got ${excerpt(value)}; the last good state stays`);
    return { kind: 'unreadable' };
  }
  for (const path of json.duplicates) {
    path
      .reduce((at: Place, part) => at.at(part), here)
      .warn('expected each key once, got it twice; the last one counts');
  }
  return Object.keys(value).length === 0 ? { kind: 'empty' } : { kind: 'rows', rows: value };
}
