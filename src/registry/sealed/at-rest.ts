import { knowsSecrets } from '../../lib/veil.ts';
import { isSealed, prefix } from './envelope.ts';
import { ownKeyring } from './opened.ts';

/** A text of ours as it is kept on this machine: sealed to the own identities as soon as this process knows any secret. */
export async function sealedAtRest(text: string): Promise<string> {
  if (!knowsSecrets()) return text;
  const ring = ownKeyring();
  return ring.seal(text, await ring.recipients());
}

/** The text behind `sealedAtRest`; undefined where no identity opens it. */
export async function openedFromRest(text: string): Promise<string | undefined> {
  if (!isSealed(text)) return text;
  const ring = ownKeyring();
  await ring.refresh();
  return ring.openKept(text);
}

/** `sealedAtRest` for bytes. */
export async function sealedBytes(bytes: Buffer): Promise<Buffer> {
  return knowsSecrets() ? Buffer.from(await sealedAtRest(bytes.toString('base64'))) : bytes;
}

/** The bytes behind `sealedBytes`; undefined where no identity opens them. */
export async function openedBytes(bytes: Buffer): Promise<Buffer | undefined> {
  if (bytes.subarray(0, prefix.length).toString() !== prefix) return bytes;
  const text = await openedFromRest(bytes.toString());
  return text === undefined ? undefined : Buffer.from(text, 'base64');
}
