import { SyncError } from '../../lib/errors.ts';
import { readJson } from '../parse-json.ts';
import { isRow, type Row } from '../quarantine.ts';

/**
 * The entries of a data key before an edit. A blank text is the empty registry.
 * @throws SyncError `data` for a text that is no JSON object: an edit must not bury what somebody typed.
 */
export function rowsOf(text: string | undefined, where: string): Row {
  const json = readJson(text ?? '');
  if (json.kind === 'empty') return {};
  if (json.kind === 'value' && isRow(json.value)) return json.value;
  const got = json.kind === 'invalid' ? `a text that does not parse (${json.reason})` : 'another value';
  throw new SyncError('data', `${where}: expected a JSON object, got ${got}`, {
    remedy: 'mend the registry first (syncctl validate); nothing was written',
  });
}

/** One entry that must still be there: somebody may have removed it since it was looked at. */
export function rowOf(text: string | undefined, name: string, where: string): Row {
  const rows = rowsOf(text, where);
  const row = Object.hasOwn(rows, name) ? rows[name] : undefined;
  if (isRow(row)) return row;
  throw new SyncError('notFound', `${where}/${name}: expected an entry, got none`, {
    remedy: 'see what there is with: syncctl service list',
  });
}
