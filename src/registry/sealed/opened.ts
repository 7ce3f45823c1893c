import { learnSecret } from '../../lib/veil.ts';
import { registryKeys } from '../../model/registry-texts.ts';
import type { RawObject } from '../../model/snapshot.ts';
import { Keyring, type Opened } from './keyring.ts';
import { sealedStrings } from './sealed-strings.ts';

// One process is one controller or one command: what it has opened is known to everything that reads registries in it.
let keyring: Keyring | undefined;
let paths = '';
const opened = new Map<string, { readonly result: Opened; readonly mark: string }>();

const mostOpened = 20_000;
const atOnce = 16;

/** Names the identity files by which this process opens sealed values. */
export function useIdentities(files: readonly string[]): Keyring {
  const named = files.join('\n');
  if (keyring === undefined || named !== paths) {
    keyring = new Keyring(files);
    paths = named;
  }
  return keyring;
}

/** The identities of this process. */
export function ownKeyring(): Keyring {
  return keyring ?? useIdentities([]);
}

/**
 * Opens every sealed value of registries, so that reading them needs no waiting. What is open stays open: an identity that is gone
 * takes nothing away. @returns how many could not be opened.
 */
export async function openSealed(objects: Iterable<Pick<RawObject, 'name' | 'data'>>): Promise<number> {
  const wanted = sealedValues(objects);
  return wanted.length === 0 ? 0 : openAll(wanted);
}

/** The sealed values of registries, each once. */
export function sealedValues(objects: Iterable<Pick<RawObject, 'name' | 'data'>>): readonly string[] {
  const found = new Set<string>();
  for (const { name, data } of objects) {
    for (const key of registryKeys[name]) {
      const text = Object.hasOwn(data, key) ? data[key] : undefined;
      if (text !== undefined) for (const { value } of sealedStrings(key, text)) found.add(value);
    }
  }
  return [...found];
}

async function openAll(wanted: readonly string[]): Promise<number> {
  const isClosed = (envelope: string): boolean => opened.get(envelope)?.result.ok !== true;
  const closed = wanted.filter(isClosed);
  if (closed.length === 0) return 0;
  const ring = ownKeyring();
  const mark = await ring.refresh();
  let count = 0;
  for (const envelope of closed) {
    // What failed fails again until an identity file has changed.
    if (opened.get(envelope)?.mark === mark) continue;
    keep(envelope, { result: await ring.open(envelope), mark });
    count += 1;
    // A thousand values are a second of arithmetic: others have their turn between them.
    if (count % atOnce === 0) await new Promise(setImmediate);
  }
  return closed.filter(isClosed).length;
}

function keep(envelope: string, tried: { readonly result: Opened; readonly mark: string }): void {
  if (tried.result.ok) learnSecret(tried.result.plain);
  opened.delete(envelope);
  opened.set(envelope, tried);
  for (const oldest of opened.keys()) {
    if (opened.size <= mostOpened) break;
    opened.delete(oldest);
  }
}

/** What opening a value came to. */
export function openedOf(envelope: string): Opened {
  return opened.get(envelope)?.result ?? { ok: false, reason: 'it has not been opened yet' };
}
