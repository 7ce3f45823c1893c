import type { Node, HostKeyPin } from '../model/node.ts';
import { messageOf, SyncError } from '../lib/errors.ts';
import { quoted } from '../lib/text.ts';
import { givenKeys, pinsWith } from '../enrol/trust.ts';
import type { Call } from './call.ts';
import type { EnrolPort, FoundKey, KeyOrigin } from './enrol-port.ts';
import { table } from './output/table.ts';
import { parseHostKey } from '../transport/host-keys.ts';
import { wrongWord } from './words.ts';

/** What was found of one node, before anybody has agreed to it. */
export interface Trusting {
  readonly node: Pick<Node, 'type' | 'address' | 'name' | 'hostKeys' | 'sshPort'>;
  readonly found: readonly FoundKey[];
  readonly failure: string | undefined;
}

/** Looks for the keys of several nodes at once. A node that does not answer fails alone. */
export async function lookForKeys(
  call: Call,
  enrol: EnrolPort,
  nodes: readonly Trusting['node'][],
  from: KeyOrigin,
): Promise<readonly Trusting[]> {
  return Promise.all(
    nodes.map(async (node) => {
      try {
        const { keys, notes } = await enrol.keysOf(node, from, call.context.signal);
        for (const note of notes) call.note('warn', note);
        const none = from === 'scan' ? 'the node shows no key' : 'no known_hosts file knows it';
        return { node, found: keys, failure: keys.length === 0 ? none : undefined };
      } catch (error) {
        call.context.signal.throwIfAborted();
        return { node, found: [], failure: messageOf(error) };
      }
    }),
  );
}

/** Keys with one of the fingerprints that the admin vouches for. */
export function vouched(trusting: Trusting, fingerprints: readonly string[]): Trusting {
  return fingerprints.length === 0 || trusting.failure !== undefined
    ? trusting
    : { ...trusting, found: givenKeys(fingerprints, trusting.found) };
}

/** True where the node shows a key of a type of which another one is pinned: a new machine, or somebody between. */
export function isChanged({ node, found }: Trusting): boolean {
  const typeOf = (key: string): string => key.split(' ')[0] ?? '';
  return found.some(({ key }) =>
    node.hostKeys.some((pin) => typeOf(pin.key) === typeOf(key) && pin.key !== key),
  );
}

/** The table of fingerprints that a person agrees to. */
export function fingerprintTable(all: readonly Trusting[]): string {
  const rows = all.flatMap((trusting) =>
    trusting.found.map(({ key, fingerprint, source }) => {
      const pinned = trusting.node.hostKeys.some((pin) => pin.key === key);
      return [
        trusting.node.name,
        trusting.node.address,
        key.split(' ')[0] ?? '',
        fingerprint,
        source,
        pinned ? 'pinned' : isChanged(trusting) ? 'CHANGED' : 'new',
      ];
    }),
  );
  return table(['name', 'address', 'key', 'fingerprint', 'from', 'state'], rows);
}

/** The pins after the keys were agreed to. */
export function pinsAfter(call: Call, { node, found }: Trusting, replace: boolean): readonly HostKeyPin[] {
  return pinsWith(node.hostKeys, found, { clock: call.context.clock, replace });
}

/**
 * `--fingerprint`, checked before a node is asked for anything: a whole key line does as well.
 * @throws SyncError `usage`.
 */
export function fingerprintsOf(words: readonly string[]): readonly string[] {
  for (const word of words)
    if (!/^SHA256:[A-Za-z0-9+/]{43}=?$/u.test(word.trim()) && parseHostKey(word) === undefined)
      throw wrongWord(
        {
          place: '--fingerprint',
          expected: 'SHA256: and 43 characters, as ssh-keygen prints it',
          remedy: 'read it on the node itself: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub',
        },
        word,
      );
  return words;
}

/** `--from known_hosts|scan`. */
export function originOf(word: string | undefined): KeyOrigin | undefined {
  if (word === undefined || word === 'known_hosts' || word === 'scan') return word;
  throw new SyncError('usage', `--from: expected known_hosts or scan, got ${quoted(word)}`, {
    remedy: 'known_hosts is what you have seen before, scan what the node shows now',
  });
}
