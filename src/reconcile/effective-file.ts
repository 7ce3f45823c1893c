import { readFile } from 'node:fs/promises';
import { digestOf } from '../model/bundle.ts';
import { writeAtomic } from '../lib/files.ts';
import type { EffectiveKeeper, InForce } from './fleet.ts';
import { format, revive, textOf } from './snapshot-text.ts';

/** Keeps what is in force in one file: a digest line, then JSON whose maps are lists of pairs. A damaged file counts as none. */
export function effectiveFile(path: string): EffectiveKeeper {
  return {
    load: async () => {
      const text = await readFile(path, 'utf8').catch(() => undefined);
      const cut = text?.indexOf('\n') ?? -1;
      if (text === undefined || cut < 0) return undefined;
      const body = text.slice(cut + 1);
      // Another version's form is no base to compare with; the nodes and last-good still are what they are.
      return text.slice(0, cut) === `${format} ${digestOf(body)}` ? (revive(body) as InForce) : undefined;
    },
    save: (inForce) => {
      const body = textOf(inForce);
      writeAtomic(path, `${format} ${digestOf(body)}\n${body}`, { mode: 0o600 });
      return Promise.resolve();
    },
  };
}
