import * as z from 'zod';
import { settingsSchema } from './schema.ts';

/** One setting: its dotted path, its parser and the sentence that documents it. */
export interface Leaf {
  readonly path: readonly string[];
  readonly schema: z.ZodType;
  readonly description: string;
  readonly fallback: unknown;
}

/** Every setting in the order of the documents. */
export function leaves(): readonly Leaf[] {
  return collect(settingsSchema, []);
}

/** The environment variable of a setting: `watch.pollMs` is `SYNC_CONTROLLER_WATCH_POLL_MS`. */
export function variableOf(path: readonly string[]): string {
  const words = path.map((part) =>
    part
      .replaceAll(/([a-z0-9])([A-Z])/gu, '$1_$2')
      .replaceAll('-', '_')
      .toUpperCase(),
  );
  return `SYNC_CONTROLLER_${words.join('_')}`;
}

function collect(schema: z.core.$ZodType, path: readonly string[]): Leaf[] {
  const inner = schema instanceof z.ZodPrefault ? schema.unwrap() : schema;
  if (inner instanceof z.ZodObject) {
    return Object.entries(inner.shape).flatMap(([key, child]) =>
      collect(child as z.core.$ZodType, [...path, key]),
    );
  }
  const leaf = inner as z.ZodType;
  return [{ path, schema: leaf, description: leaf.description ?? '', fallback: writtenDefault(leaf) }];
}

/** The default as it is written in a file: what stands before any transform. */
function writtenDefault(schema: z.ZodType): unknown {
  const parsed: unknown = schema.parse(undefined);
  return parsed === undefined ? null : parsed;
}
