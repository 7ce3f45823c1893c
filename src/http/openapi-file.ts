import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SyncError } from '../lib/errors.ts';

/** Where the document may be, seen from this module: bundled in dist/, or in the source tree. */
const places = [
  join(import.meta.dirname, 'openapi.json'),
  join(import.meta.dirname, '../../docs/openapi.json'),
];

/** The OpenAPI document of this release. It is read when somebody asks, for almost nobody does. */
export async function readOpenApi(): Promise<Record<string, unknown>> {
  for (const place of places) {
    const text = await readFile(place, 'utf8').catch(() => undefined);
    if (text !== undefined) return JSON.parse(text) as Record<string, unknown>;
  }
  throw new SyncError('unavailable', `openapi.json: expected it beside the program, got none`, {
    remedy: 'install sync-controller again',
  });
}
