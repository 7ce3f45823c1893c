/** How a sealed value begins. */
export const prefix = 'age:';
/** Characters of one sealed value, and bytes of what is in it. */
export const envelopeLimit = 16_384;
export const plainLimit = 4_096;

/** The bytes of the age file in a sealed value, or why there are none. */
export type Envelope =
  { readonly ok: true; readonly bytes: Uint8Array } | { readonly ok: false; readonly reason: string };

/** True for a text that wants to be a sealed value. */
export function isSealed(text: string): boolean {
  return text.startsWith(prefix);
}

/** `age:` and the standard base64, with padding and without gaps, of a binary age file. */
export function readEnvelope(text: string): Envelope {
  if (!isSealed(text)) return refused(`expected ${prefix} at its beginning`);
  if (text.length > envelopeLimit)
    return refused(`expected at most ${String(envelopeLimit)} characters, got ${String(text.length)}`);
  const body = text.slice(prefix.length);
  const bytes = Buffer.from(body, 'base64');
  if (bytes.length === 0 || bytes.toString('base64') !== body)
    return refused(`expected ${prefix} and the base64 of an age file, got something else after it`);
  if (!bytes.subarray(0, 22).equals(Buffer.from('age-encryption.org/v1\n')))
    return refused('expected the base64 of an age file (age-encryption.org/v1), got that of something else');
  return { ok: true, bytes: new Uint8Array(bytes) };
}

/** An age file as a value of a registry. */
export function envelopeOf(bytes: Uint8Array): string {
  return `${prefix}${Buffer.from(bytes).toString('base64')}`;
}

function refused(reason: string): Envelope {
  return { ok: false, reason };
}
