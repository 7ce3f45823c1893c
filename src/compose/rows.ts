import { patchNodeRows } from '../registry/json-edit.ts';
import type { Source } from '../registry/source.ts';
import type { RowPort } from '../status/write-back.ts';

/** The way of statuses into the rows of `registry.json`: text edits under the source's optimistic concurrency. */
export function rowsOf(source: Source): RowPort {
  return {
    edit: (edit) => source.edit('sync-controller-registry', 'registry.json', edit),
    patch: (text, patches) => patchNodeRows(text, patches),
  };
}
