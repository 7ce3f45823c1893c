import { createHash } from 'node:crypto';
import type { ServerHostKeyAlgorithm } from 'ssh2';

/** Key types in our order of preference, each with the algorithms that prove it. SHA-1 (`ssh-rsa` signatures) is absent on purpose. */
const provenBy = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256'],
} as const satisfies Record<string, readonly ServerHostKeyAlgorithm[]>;

export type HostKeyType = keyof typeof provenBy;

/** Every type of host key we can verify, preferred first. */
export const hostKeyTypes = Object.keys(provenBy) as readonly HostKeyType[];

/** A public key of a host: its type and the exact bytes that travel. */
export interface HostKey {
  readonly type: HostKeyType;
  readonly blob: Buffer;
}

/** The algorithms that prove keys of one type. */
export function algorithmsOf(type: HostKeyType): ServerHostKeyAlgorithm[] {
  return [...provenBy[type]];
}

/** Reads `type base64 [comment]`; undefined where the two parts contradict each other or the type is unknown. */
export function parseHostKey(line: string): HostKey | undefined {
  const [type = '', base64 = ''] = line.trim().split(/\s+/u);
  if (!isKnown(type) || !/^[A-Za-z0-9+/]+={0,2}$/u.test(base64)) return undefined;
  const blob = Buffer.from(base64, 'base64');
  return typeOfBlob(blob) === type ? { type, blob } : undefined;
}

/** The type that a key's own bytes name. */
export function typeOfBlob(blob: Buffer): string | undefined {
  if (blob.length < 4) return undefined;
  const length = blob.readUInt32BE(0);
  return length > 64 || blob.length < 4 + length ? undefined : blob.toString('latin1', 4, 4 + length);
}

/** `ssh-ed25519 AAAA…`, the form in which a pin is kept. */
export function keyLine(blob: Buffer): string {
  return `${typeOfBlob(blob) ?? 'unknown'} ${blob.toString('base64')}`;
}

/** `SHA256:…`, as `ssh-keygen -lf` prints it. */
export function fingerprintOf(key: Buffer | string): string {
  const blob = typeof key === 'string' ? Buffer.from(key.trim().split(/\s+/u)[1] ?? '', 'base64') : key;
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/u, '')}`;
}

/** Algorithms to offer: those of pinned types first, else the host would show another of its keys and look changed. */
export function offerFor(pins: readonly HostKey[]): ServerHostKeyAlgorithm[] {
  const pinned = new Set(pins.map((pin) => pin.type));
  const first = hostKeyTypes.filter((type) => pinned.has(type));
  const rest = hostKeyTypes.filter((type) => !pinned.has(type));
  return [...first, ...rest].flatMap(algorithmsOf);
}

/** The keys that can be verified among pinned lines; unreadable lines match nothing. */
export function readPins(pins: readonly { readonly key: string }[]): readonly HostKey[] {
  return pins.flatMap((pin) => parseHostKey(pin.key) ?? []);
}

/** True where the shown bytes are exactly one of the pinned keys. */
export function isPinned(shown: Buffer, pins: readonly HostKey[]): boolean {
  return pins.some((pin) => pin.blob.equals(shown));
}

/** What was shown against what is pinned, for evidence. */
export function describeMismatch(shown: Buffer, pins: readonly HostKey[]): string {
  const name = `${typeOfBlob(shown) ?? 'a key of unknown type'} ${fingerprintOf(shown)}`;
  const known = pins.map((pin) => `${pin.type} ${fingerprintOf(pin.blob)}`).join(', ');
  return pins.length === 0 ? `shows ${name}, nothing is pinned` : `shows ${name}, pinned: ${known}`;
}

function isKnown(type: string): type is HostKeyType {
  return Object.hasOwn(provenBy, type);
}
