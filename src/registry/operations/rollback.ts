import { SyncError } from '../../lib/errors.ts';
import { isNodeType } from '../../model/node-types.ts';
import {
  contentDigest,
  isJsonPath,
  isObject,
  registryKeys,
  type RegistryTexts,
} from '../../model/registry-texts.ts';
import type { RegistryObject } from '../../model/snapshot.ts';
import { patchNodeRows, type NodeRowPatch } from '../json-edit.ts';
import type { RawObjects, Step } from './step.ts';

// Domains and routes come before the services that need them.
const order: readonly RegistryObject[] = [
  'cluster-info',
  'domain-registry',
  'sync-controller-registry',
  'service-registry',
];

/**
 * Brings the texts of an earlier revision back, under the versions that were shown: what somebody else writes meanwhile is not
 * overwritten. Keys of others stay, and so do the recorded statuses of nodes that are still there.
 */
export function rollbackSteps(
  wanted: RegistryTexts,
  shown: RawObjects,
  only: readonly RegistryObject[],
): readonly Step[] {
  return order
    .filter((object) => only.length === 0 || only.includes(object))
    .flatMap((object) =>
      registryKeys[object].flatMap((key) => {
        const path = `${object}/${key}`;
        const present = shown.get(object)?.data[key];
        // A key that was not there then is emptied: without it the last good state would stay.
        const text = wanted[path] ?? (present === undefined ? undefined : isJsonPath(path) ? '{}\n' : '');
        if (text === undefined || same(path, present, text)) return [];
        return [{ object, key, edit: backTo({ path, present, text }) }];
      }),
    );
}

interface Return {
  readonly path: string;
  readonly present: string | undefined;
  readonly text: string;
}

function backTo({ path, present, text }: Return): Step['edit'] {
  return (now) => {
    if (same(path, now, text)) return undefined;
    if (!same(path, present, now ?? ''))
      throw new SyncError(
        'conflict',
        `${path}: expected the text that was shown, got one that somebody has written since`,
        {
          remedy: 'look at it again and repeat the command: syncctl rollback',
        },
      );
    return path === 'sync-controller-registry/registry.json' && now !== undefined
      ? withStatuses(text, now)
      : text;
  };
}

function same(path: string, a: string | undefined, b: string): boolean {
  return a === b || contentDigest(path, a ?? '') === contentDigest(path, b);
}

/** What the status writer has found out since does not go back with the registry. */
function withStatuses(text: string, now: string): string {
  const root: unknown = parsed(now);
  if (!isObject(root) || parsed(text) === undefined) return text;
  const patches = Object.entries(root).flatMap(([type, rows]) =>
    isNodeType(type) && Array.isArray(rows) ? rows.flatMap((row: unknown) => patchOf(type, row)) : [],
  );
  try {
    return patchNodeRows(text, patches);
  } catch {
    // A text that cannot be edited comes back as it was.
    return text;
  }
}

function patchOf(type: NodeRowPatch['type'], row: unknown): readonly NodeRowPatch[] {
  if (!isObject(row) || typeof row['ip'] !== 'string') return [];
  const word = (field: string): string | null => {
    const value = row[field];
    return typeof value === 'string' ? value : null;
  };
  const fields = Object.fromEntries(
    ['status', 'last_sync', 'last_attempt', 'last_error'].map((field) => [field, word(field)]),
  );
  return [{ type, address: row['ip'], fields }];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
