import { veil } from './veil.ts';

// Control characters but tab and line end, escapes, and characters that turn the direction of text.
// eslint-disable-next-line no-control-regex -- removing control characters is the purpose
const unsafe = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Makes text of unknown origin safe for a terminal and a log: what could move the cursor or hide text becomes `�`. */
export function printable(text: string): string {
  return text.replace(unsafe, '\ufffd');
}

/** A value as a message shows it: quoted, printable, not long. */
export function quoted(value: unknown): string {
  const text = printable(veil(JSON.stringify(value)));
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

/** The first `limit` bytes of one printable line, for evidence in a status. */
export function evidenceOf(text: string, limit = 200): string {
  const line = printable(veil(text)).replace(/\s+/gu, ' ').trim();
  const bytes = Buffer.from(line);
  return bytes.length <= limit
    ? line
    : `${bytes
        .subarray(0, limit - 3)
        .toString('utf8')
        .replace(/\ufffd+$/u, '')}…`;
}
