import { readFile } from 'node:fs/promises';
import { digestOf } from '../model/bundle.ts';
import { writeAtomic } from '../lib/files.ts';
import { SyncError } from '../lib/errors.ts';
import { openedFromRest, sealedAtRest } from '../registry/sealed/at-rest.ts';
import type { EffectiveKeeper, InForce } from './fleet.ts';
import { format, revive, textOf } from './snapshot-text.ts';

/**
 * Keeps what is in force in one file: a digest line, then JSON whose maps are lists of pairs, sealed where it has secrets. A damaged
 * file counts as none.
 */
export function effectiveFile(path: string): EffectiveKeeper {
  let locked = false;
  return {
    load: async () => {
      const text = await readFile(path, 'utf8').catch(() => undefined);
      const cut = text?.indexOf('\n') ?? -1;
      if (text === undefined || cut < 0) return undefined;
      const body = text.slice(cut + 1);
      // Another version's form is no base to compare with; the nodes and last-good still are what they are.
      if (text.slice(0, cut) !== `${format} ${digestOf(body)}`) return undefined;
      const plain = await openedFromRest(body);
      locked = plain === undefined;
      return plain === undefined ? undefined : (revive(plain) as InForce);
    },
    save: async (inForce) => {
      // It knows more than what could be read without the identity that is missing.
      if (locked && !inForce.snapshot.complete) throw lockedFile(path);
      const body = await sealedAtRest(textOf(inForce));
      writeAtomic(path, `${format} ${digestOf(body)}\n${body}`, { mode: 0o600 });
      locked = false;
    },
  };
}

function lockedFile(path: string): SyncError {
  return new SyncError('unavailable', `${path}: expected an identity that opens it, got none`, {
    remedy: 'put the file of secrets.identity back',
  });
}
