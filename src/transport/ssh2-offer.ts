import type { Algorithms, Client } from 'ssh2';
import { offerFor, readPins } from './host-keys.ts';
import type { Endpoint } from './transport.ts';

/** Explicit, because ssh2's defaults still offer SHA-1. */
const algorithms = {
  kex: [
    'curve25519-sha256',
    'curve25519-sha256@libssh.org',
    'ecdh-sha2-nistp256',
    'ecdh-sha2-nistp384',
    'ecdh-sha2-nistp521',
    'diffie-hellman-group-exchange-sha256',
    'diffie-hellman-group14-sha256',
    'diffie-hellman-group16-sha512',
    'diffie-hellman-group18-sha512',
  ],
  cipher: [
    'aes128-gcm@openssh.com',
    'aes256-gcm@openssh.com',
    'chacha20-poly1305@openssh.com',
    'aes128-ctr',
    'aes192-ctr',
    'aes256-ctr',
  ],
  hmac: ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com', 'hmac-sha2-256', 'hmac-sha2-512'],
  compress: ['none'],
} satisfies Algorithms;

/** By the order of host keys; there are as many as there are sets of pinned types. */
const offers = new Map<string, Algorithms>();
/** What ssh2 made of each. */
const made = new WeakMap<Algorithms, object>();

/** What is offered to a host whose keys are pinned. All logins with the same order of host keys share one offer. */
export function offeredTo({ pins }: Pick<Endpoint, 'pins'>): Algorithms {
  const serverHostKey = offerFor(readPins(pins));
  const name = serverHostKey.join();
  const offer = offers.get(name) ?? { ...algorithms, serverHostKey };
  offers.set(name, offer);
  return offer;
}

/** Where ssh2 1.17 keeps what a key exchange was made with; its types do not name it. */
interface Remains {
  readonly _protocol?: {
    _offer?: object;
    _remoteIdentRaw?: Buffer;
    readonly _kex?: { _keys?: unknown };
  };
}

/**
 * Lets go of what ssh2 keeps of a finished key exchange for as long as the session lives: the pair of keys made for it; its own form
 * of the offer, of which all sessions with the same offer now hold one; and the pool that the host's first line was cut from. The
 * next exchange on a session makes a pair of its own and only reads the rest. A version of ssh2 that keeps them elsewhere is left as
 * it is.
 */
export function shedKeyExchange(client: Client, offer: Algorithms): void {
  const protocol = (client as Remains)._protocol;
  if (protocol === undefined) return;
  if (protocol._offer !== undefined) {
    const shared = made.get(offer) ?? protocol._offer;
    made.set(offer, shared);
    protocol._offer = shared;
  }
  if (protocol._remoteIdentRaw !== undefined) protocol._remoteIdentRaw = unpooled(protocol._remoteIdentRaw);
  if (protocol._kex?._keys !== undefined) protocol._kex._keys = undefined;
}

/** A copy that stands alone: a small Buffer is cut from a pool of 64 KB, and keeps all of it. */
export function unpooled(bytes: Buffer): Buffer {
  return Buffer.alloc(bytes.length, bytes);
}
