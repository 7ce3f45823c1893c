import { readFile } from 'node:fs/promises';
import { digestOf } from '../model/bundle.ts';
import { writeAtomic } from '../lib/files.ts';
import type { EffectiveKeeper, InForce } from './fleet.ts';

// Raised whenever the model's shape changes.
const format = 'in-force-1';

/** Keeps what is in force in one file: a digest line, then JSON whose maps are lists of pairs. A damaged file counts as none. */
export function effectiveFile(path: string): EffectiveKeeper {
  return {
    load: async () => {
      const text = await readFile(path, 'utf8').catch(() => undefined);
      const cut = text?.indexOf('\n') ?? -1;
      if (text === undefined || cut < 0) return undefined;
      const body = text.slice(cut + 1);
      // Another version's form is no base to compare with; the nodes and last-good still are what they are.
      return text.slice(0, cut) === `${format} ${digestOf(body)}` ? revive(body) : undefined;
    },
    save: (inForce) => {
      const body = JSON.stringify(inForce, (_key, value: unknown) =>
        value instanceof Map ? { map: [...value] } : value,
      );
      writeAtomic(path, `${format} ${digestOf(body)}\n${body}`, { mode: 0o600 });
      return Promise.resolve();
    },
  };
}

// The digest line vouches that these are our own bytes, so the shape is the one we wrote.
function revive(body: string): InForce {
  return JSON.parse(body, (_key, value: unknown) =>
    isMapForm(value) ? new Map(value.map) : value,
  ) as InForce;
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
