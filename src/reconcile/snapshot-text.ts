import type { Snapshot } from '../model/snapshot.ts';

// Raised whenever the model's shape changes.
export const format = 'in-force-1';

/** A value of the model as text: JSON whose maps are lists of pairs. */
export function textOf(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => (part instanceof Map ? { map: [...part] } : part));
}

/** The value of such a text. The caller vouches that these are our own bytes, so the shape is the one we wrote. */
export function revive(body: string): unknown {
  return JSON.parse(body, (_key, value: unknown) => (isMapForm(value) ? new Map(value.map) : value));
}

/** A snapshot as it is kept beside a rollout, with its format. */
export function snapshotText(snapshot: Snapshot): string {
  return `${format}\n${textOf(snapshot)}`;
}

/** The snapshot of a text; undefined where another version wrote it, or nobody can open it. */
export function snapshotOf(text: string | undefined): Snapshot | undefined {
  const head = `${format}\n`;
  return text?.startsWith(head) === true ? (revive(text.slice(head.length)) as Snapshot) : undefined;
}

function isMapForm(value: unknown): value is { map: [string, unknown][] } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'map' in value &&
    Array.isArray(value.map) &&
    Object.keys(value).length === 1
  );
}
