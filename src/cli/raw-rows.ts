import type { RawObject, RegistryObject } from '../model/snapshot.ts';
import { SyncError } from '../lib/errors.ts';
import { quoted } from '../lib/text.ts';
import { rowsOf } from '../registry/operations/rows.ts';
import type { Row } from '../registry/quarantine.ts';

export interface RowPlace {
  readonly object: RegistryObject;
  readonly key: string;
  readonly name: string;
}

/** The entries of a data key as they stand, bad ones included: what is quarantined can be removed, too. */
export function rawRows(
  objects: ReadonlyMap<RegistryObject, RawObject>,
  object: RegistryObject,
  key: string,
): Row {
  return rowsOf(objects.get(object)?.data[key], `${object}/${key}`);
}

/**
 * Checks that an entry is there, bad or good.
 * @throws SyncError `notFound`.
 */
export function needRow(
  objects: ReadonlyMap<RegistryObject, RawObject>,
  { object, key, name }: RowPlace,
): void {
  if (Object.hasOwn(rawRows(objects, object, key), name)) return;
  throw new SyncError('notFound', `${object}/${key}: expected an entry named ${quoted(name)}, got none`, {
    remedy: `list them with: syncctl ${object === 'domain-registry' ? 'domain' : 'service'} list`,
  });
}
