import { registryKeys } from '../../model/registry-texts.ts';
import type { RawObject, RegistryObject } from '../../model/snapshot.ts';
import { applyTextEdits } from '../text-edit.ts';
import { sealedStrings } from './sealed-strings.ts';

/** Where a registry holds a sealed value. */
export interface SealedPlace {
  readonly object: RegistryObject;
  readonly key: string;
  /** As findings name it: object, key and JSON pointer. */
  readonly path: string;
  readonly value: string;
}

/** Every sealed value of the registries with its place, also in fields that nobody reads. */
export function placesOf(objects: Iterable<Pick<RawObject, 'name' | 'data'>>): readonly SealedPlace[] {
  return [...objects].flatMap(({ name: object, data }) =>
    registryKeys[object].flatMap((key) => {
      const text = Object.hasOwn(data, key) ? data[key] : undefined;
      if (text === undefined) return [];
      return sealedStrings(key, text).map(({ value, path }) => ({
        object,
        key,
        path: [object, key, ...path.map(escaped)].join('/'),
        value,
      }));
    }),
  );
}

/** A text with sealed values replaced by others; every byte beside them stays. */
export function replaceSealed(key: string, text: string, others: ReadonlyMap<string, string>): string {
  const edits = sealedStrings(key, text).flatMap(({ value, offset, length }) => {
    const other = others.get(value);
    if (other === undefined) return [];
    const quote = length === value.length ? '' : '"';
    return { start: offset, end: offset + length, text: `${quote}${other}${quote}` };
  });
  return applyTextEdits(text, edits);
}

function escaped(part: string): string {
  return part.replaceAll('~', '~0').replaceAll('/', '~1');
}
